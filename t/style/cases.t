# SPDX-License-Identifier: Apache-2.0
# Every case of the catalogue has a test or an excuse, and t/CASES.md says which.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Cases qw(catalogue tested table);
use SSO::Source;

my @all = catalogue();
my %tested = tested();
cmp_ok scalar @all, '>', 300, 'the catalogue was found';
cmp_ok scalar keys %tested, '>', 600, 'the cases in the tests were found';

my %seen;
none [grep { $seen{$_}++ } map { $_->{id} } @all], 'no id stands twice';
none [map { $_->{id} } grep { !$tested{$_->{id}} && !$_->{excuse} } @all], 'every id is tested or excused';
none [map { $_->{id} } grep { $tested{$_->{id}} && $_->{excuse} } @all], 'no id is both';
my @excused = grep { $_->{excuse} } @all;
none [map { "$_->{id}: $_->{excuse}" } grep { $_->{excuse} !~ /^(?:not applicable(?: yet)?: \S|by t\/)/ } @excused],
    'an excuse says why, or which test';
none [map { "$_->{id}: $_->{excuse}" } grep { $_->{excuse} =~ /^by (\S+)/ && !-f "$SSO::Source::top/$1" } @excused],
    'the tests named there exist';

# What is demanded to be refused is not tested as accepted, and the reverse.
my @wrong = grep {
    my $accepted = $tested{$_->{id}}{outcome} =~ /^accept/;
    $_->{required} eq 'REJECT' && $accepted || $_->{required} eq 'ACCEPT' && !$accepted;
} grep { $tested{$_->{id}} } @all;
none [map { "$_->{id}: $tested{$_->{id}}{outcome}" } @wrong], 'the tests demand what the catalogue demands';

ok slurp('t/CASES.md') eq table(), 't/CASES.md is up to date (perl t/cases.pl writes it)';
done_testing;
