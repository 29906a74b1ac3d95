#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
# Of our own: says who is named in MAINTAINERS for files, in the form of the kernel's script.
use strict;
use warnings;

my @files = grep { !/^-/ } @ARGV;
my (@sections, $section);

open(my $in, '<', 'MAINTAINERS') or die "MAINTAINERS: $!\n";
while (my $line = <$in>) {
	chomp $line;
	if ($line =~ /^([A-Z]):\t(.*)$/) {
		push @{$section->{$1}}, $2;
	} elsif ($line) {
		$section = { title => $line };
		push @sections, $section;
	}
}
close($in);

my %seen;
sub say_once {
	my ($who, $role) = @_;
	print "$who ($role)\n" unless $seen{$who}++;
}

my @hit = grep {
	my $s = $_;
	grep { my $f = $_; grep { index($f, $_) == 0 } @{$s->{F} // []} } @files;
} @sections;
for my $s (@hit) {
	say_once($_, "maintainer:$s->{title}") for @{$s->{M} // []};
	say_once($_, "reviewer:$s->{title}") for @{$s->{R} // []};
}
for my $s (@hit) {
	say_once($_, "open list:$s->{title}") for @{$s->{L} // []};
}
say_once('linux-kernel@example.org', 'open list');
