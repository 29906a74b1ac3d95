# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# venv_ready FOLDER EXTRAS: FOLDER/.venv has the project and its dependencies, EXTRAS as "[dev]".
#
# Made beside its place and renamed, under a lock, so that a run that is killed leaves none that
# is half made, and two runs at once make one. Made again when pyproject.toml changed.

venv_python() {
	for python in python3.11 python3 python; do
		if command -v "$python" >/dev/null 2>&1 &&
			"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			command -v "$python"
			return
		fi
	done
	echo "gen: Python 3.11 or newer is needed" >&2
	return 2
}

# Whether .venv is as it should be; what has the tools for tests keeps them.
venv_current() {
	venv_found=
	[ ! -f "$1/.venv/stamp" ] || venv_found=$(cat "$1/.venv/stamp")
	venv_extras=$2
	case $venv_found in *"[dev]") venv_extras="[dev]" ;; esac
	venv_stamp="$(cksum <"$1/pyproject.toml") $venv_extras"
	[ "$venv_found" = "$venv_stamp" ]
}

venv_ready() {
	if venv_current "$1" "$2"; then return; fi
	(
		if command -v flock >/dev/null 2>&1; then
			flock 9
		fi
		if venv_current "$1" "$2"; then exit 0; fi
		venv_make "$1" "$venv_extras"
	) 9>"$1/.venv.lock"
}

# Debian without python3-venv has no pip at all: its package of pip as a wheel is unpacked, which
# takes no root, and installs pip.
venv_pip() {
	venv_tmp=$(mktemp -d)
	(
		cd "$venv_tmp" && mkdir -p lists/partial cache/archives/partial
		apt-get -qq download python3-pip-whl 2>/dev/null ||
			{
				set -- -o "Dir::State::lists=$venv_tmp/lists" -o "Dir::Cache=$venv_tmp/cache"
				apt-get -qq "$@" update && apt-get -qq "$@" download python3-pip-whl
			} 2>/dev/null
		dpkg-deb -x python3-pip-whl_*.deb wheel
	) >/dev/null 2>&1
	venv_wheel=$(echo "$venv_tmp"/wheel/usr/share/python-wheels/pip-*.whl)
	if [ ! -f "$venv_wheel" ] ||
		! "$1/.venv/bin/python" "$venv_wheel/pip" install -q --disable-pip-version-check pip; then
		rm -rf "$venv_tmp" "$1/.venv"
		echo "gen: Python has no pip here; on Debian: apt install python3-venv" >&2
		return 2
	fi
	rm -rf "$venv_tmp"
}

venv_make() {
	venv_with=$(venv_python) || exit 2
	[ -t 2 ] && echo "gen: making $1/.venv, once" >&2
	rm -rf "$1/.venv"
	if ! "$venv_with" -m venv "$1/.venv" >/dev/null 2>&1; then
		rm -rf "$1/.venv"
		"$venv_with" -m venv --without-pip "$1/.venv" || exit 2
		venv_pip "$1" || exit 2
	fi
	if ! "$1/.venv/bin/python" -m pip install -q --disable-pip-version-check \
		--no-warn-script-location -e "$1$2" >"$1/.venv/pip.log" 2>&1; then
		cat "$1/.venv/pip.log" >&2
		echo "gen: installing into .venv failed; is the package registry reachable?" >&2
		rm -rf "$1/.venv"
		exit 2
	fi
	# As pip does with what it installs; where PYTHONDONTWRITEBYTECODE is set, as in many images of
	# containers, each start of gen would compile it again.
	"$1/.venv/bin/python" -m compileall -q "$1/codegen" >/dev/null || true
	env -u PYTHONDONTWRITEBYTECODE "$1/.venv/bin/python" -m codegen.cli.compiled || true
	echo "$venv_stamp" >"$1/.venv/stamp"
}
