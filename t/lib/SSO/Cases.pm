# SPDX-License-Identifier: Apache-2.0
# The catalogue of cases (t/vectors/cases.tsv) against the tests that carry their ids, and the table of both. A row
# ['id …', 'what is demanded', …] of t/e2e/c-*.t may have any id; elsewhere in t/e2e a subtest or row counts whose name begins
# with an id of the catalogue.
package SSO::Cases;
use strict;
use warnings;

use Exporter qw(import);
use SSO::Source;

our @EXPORT_OK = qw(catalogue tested table);

my $row = qr/(?:^\s*(?:\(map\s+\{\s+)?\[|^\s*\w+\(|\bcase )'([\w+.*-]+(?: [\w+.*-]+)*)',\s*'((?:accept|reject|safe)\b[^']*)'/m;

my $name = qr/(?:\b(?:subtest|area|case) |\[)["']([a-z][\w+*-]*-[\w+*-]*)(?=["': ])/;

# [{id, area, required, excuse}, …]
sub catalogue {
    my @list;
    for my $line (split /\n/, slurp('t/vectors/cases.tsv')) {
        next if $line =~ /^#/;
        my %case;
        @case{qw(id area required excuse)} = split /\t/, $line;
        push @list, \%case;
    }
    return @list;
}

# {id => {file, outcome}} of everything that stands as a row in a test.
sub tested {
    my %tested;
    for my $file (files(qr{^t/e2e/c-.*\.t$})) {
        my $text = slurp($file);
        while ($text =~ /$row/g) {
            my ($ids, $outcome) = ($1, $2);
            $tested{$_} //= {file => $file, outcome => $outcome} for split ' ', $ids;
        }
    }
    my %known = map { $_->{id} => $_ } catalogue();
    for my $file (files(qr{^t/e2e/.*\.t$})) {
        my $text = slurp($file);
        while ($text =~ /$name/g) {
            $tested{$1} //= {file => $file, outcome => $known{$1}{required}} if $known{$1};
        }
    }
    return %tested;
}

# The text of t/CASES.md.
sub table {
    my @all = catalogue();
    my %tested = tested();
    my %known = map { $_->{id} => 1 } @all;
    my @own = grep { !$known{$_} } sort keys %tested;
    my $count = sub { my ($test) = @_; return scalar grep { $test->($_) } @all };
    my $later = $count->(sub { !$tested{$_[0]{id}} && ($_[0]{excuse} // '') =~ /^not applicable yet/ });
    my $never = $count->(sub { !$tested{$_[0]{id}} && ($_[0]{excuse} // '') =~ /^not applicable:/ });
    my $elsewhere = $count->(sub { !$tested{$_[0]{id}} && ($_[0]{excuse} // '') =~ /^by / });
    my $out = "# Cases\n\nWritten by `t/cases.pl` from the tests and `t/vectors/cases.tsv`. The first " . @all . " are the catalogue; the others were added\n"
        . "here. Tables in the tests make more (every wrong type of a claim or an endpoint), which are not listed.\n\n| | cases |\n|---|---|\n"
        . '| tested as a case | ' . $count->(sub { $tested{$_[0]{id}} }) . " |\n| tested elsewhere | $elsewhere |\n| not applicable yet | $later |\n"
        . "| not applicable | $never |\n| beyond the catalogue | " . @own . " |\n\n| id | area | outcome | test |\n|---|---|---|---|\n";
    for my $case (@all) {
        my $found = $tested{$case->{id}};
        my $excuse = $case->{excuse} // '';
        my ($outcome, $test) = $found ? @$found{qw(outcome file)} : $excuse =~ /^by (.*)/ ? ('tested', $1) : ($excuse, '');
        $out .= _line($case->{id}, $case->{area}, $outcome, $test);
    }
    $out .= _line($_, '', @{$tested{$_}}{qw(outcome file)}) for @own;
    return $out;
}

sub _line {
    my ($id, $area, $outcome, $test) = map { s/\|/, /gr } @_;
    return "| `$id` | $area | $outcome | " . ($test =~ s{^t/(?:e2e/)?}{}r) . " |\n";
}

1;
