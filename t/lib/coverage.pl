#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Lines covered a source file, from the counts below a build directory: coverage.pl DIRECTORY
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find qw(find);

my $dir = abs_path(shift // die "usage: coverage.pl DIRECTORY\n");
my $top = abs_path(dirname(__FILE__) . '/../..');
my %covered; # file => {line => count}
find({no_chdir => 1, wanted => sub {
    return if !/\.gcda$/;
    open my $out, '-|', 'gcov', '--stdout', '--object-directory', dirname($_), $_ or die "gcov: $!";
    my $file;
    while (<$out>) {
        my ($count, $line, $rest) = /^\s*([^:]+):\s*(\d+):(.*)/ or next;
        if ($line == 0) {
            my ($source) = $rest =~ /^Source:(.*)/ or next;
            $file = abs_path($source =~ m{^/} ? $source : "$dir/$source") // $source;
            next;
        }
        next if $count eq '-' || !defined $file || index($file, "$top/src/") != 0;
        my $times = $count =~ /^(\d+)/ ? $1 : 0;
        $covered{$file}{$line} = ($covered{$file}{$line} // 0) + $times;
    }
    close $out;
}}, $dir);
my ($lines, $hit) = (0, 0);
for my $file (sort keys %covered) {
    my @counts = values %{$covered{$file}};
    my $good = grep { $_ } @counts;
    my @missed = sort { $a <=> $b } grep { !$covered{$file}{$_} } keys %{$covered{$file}};
    printf "%6.1f %%  %5d of %5d  %-32s %s\n", 100 * $good / @counts, $good, scalar @counts,
        substr($file, length($top) + 1),
        $ENV{SSO_COVERAGE_LINES} ? join ',', @missed : '';
    $lines += @counts;
    $hit += $good;
}
printf "%6.1f %%  %5d of %5d  all\n", $lines ? 100 * $hit / $lines : 0, $hit, $lines;
