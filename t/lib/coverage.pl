#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Lines and branches covered a source file, from the counts below a build directory:
#
#   coverage.pl DIRECTORY [FOLDER…]      FOLDER: only these of src, such as base jose oidc
#
# SSO_COVERAGE_LINES=1 lists the lines never run, and the branches never taken as LINE:WAY.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find qw(find);
use JSON::PP qw(decode_json);

my $dir = abs_path(shift // die "usage: coverage.pl DIRECTORY [FOLDER…]\n");
my $top = abs_path(dirname(__FILE__) . '/../..');
my $folders = @ARGV ? join '|', map { quotemeta } @ARGV : '[^/]+';
my (%lines, %branches); # file => {line or line:way => how often}

sub add {
    my ($source) = @_;
    my $file = abs_path($source->{file} =~ m{^/} ? $source->{file} : "$dir/$source->{file}");
    return if !defined $file || $file !~ m{^\Q$top\E/(src/(?:$folders)/.*)$};
    my $name = $1;
    for my $line (@{$source->{lines}}) {
        my $number = $line->{line_number};
        $lines{$name}{$number} += $line->{count};
        my $way = 0;
        $branches{$name}{"$number:" . ++$way} += $_->{count} for @{$line->{branches}};
    }
    return;
}

find({no_chdir => 1, wanted => sub {
    return if !/\.gcda$/;
    open my $out, '-|', 'gcov', '--stdout', '--json-format', '--branch-probabilities', '--object-directory',
        dirname($_), $_ or die "gcov: $!";
    local $/ = undef;
    my $json = <$out>;
    close $out;
    add($_) for map { @{$_->{files}} } $json ? decode_json($json) : ();
}}, $dir);

# "97.1 %   133 of   137" and what is missing.
sub share {
    my ($counts) = @_;
    my $all = keys %$counts;
    my @missed = sort { ($a =~ /(\d+)/)[0] <=> ($b =~ /(\d+)/)[0] || $a cmp $b } grep { !$counts->{$_} } keys %$counts;
    my $text = sprintf '%5.1f %% %5d of %5d', $all ? 100 * ($all - @missed) / $all : 100, $all - @missed, $all;
    return ($text, join ' ', @missed);
}

printf "%-28s   %-28s %s\n", 'lines', 'branches', 'file';
my (%all_lines, %all_branches);
for my $name (sort keys %lines) {
    my ($text, $missed) = share($lines{$name});
    my ($text_branches, $missed_branches) = share($branches{$name} // {});
    printf "%-28s   %-28s %s\n", $text, $text_branches, $name;
    print "    lines $missed\n" if $missed && $ENV{SSO_COVERAGE_LINES};
    print "    branches $missed_branches\n" if $missed_branches && $ENV{SSO_COVERAGE_LINES};
    $all_lines{"$name $_"} = $lines{$name}{$_} for keys %{$lines{$name}};
    $all_branches{"$name $_"} = $branches{$name}{$_} for keys %{$branches{$name} // {}};
}
printf "%-28s   %-28s all\n", (share(\%all_lines))[0], (share(\%all_branches))[0];
