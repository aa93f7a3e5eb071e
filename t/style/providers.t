# SPDX-License-Identifier: Apache-2.0
# docs/providers has a page for each preset, and what a page quotes of the log is what the module says.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my %said;   # id -> sentence of a request, or directive of a start
for my $header (qr/^\|\s*id\s*\|\s*sentence\s*\|/, qr/^\|\s*id\s*\|\s*directive\s*\|/) {
    $said{$_->[0]} = $_->[1] for @{table_rows('docs/messages.md', $header)};
}
my %reason = map { $_ => 1 } slurp('docs/messages.md') =~ /^\| `([a-z0-9-]+)` \|/mg;
cmp_ok scalar keys %said, '>', 80, 'the messages were read';
cmp_ok scalar keys %reason, '>', 150, 'the reasons were read';

my @presets = code('src/httpd/preset.c') =~ /\{\.name = "(\w+)"/g;
my @pages = files(qr{^docs/providers/\w+\.md$});
is_deeply \@pages, [sort map { "docs/providers/$_.md" } @presets, 'other'],
    'a page for each preset, and one for all others';
my $readme = slurp('README.md');
none [grep { $readme !~ m{\($_\)} } @pages], 'README links each page';

for my $page (@pages) {
    my $text = slurp($page);
    my ($name) = $page =~ /(\w+)\.md/;
    my (@wrong, $quoted);
    while ($text =~ /`(SSO\d{3}): ([^`]*)`/g) {
        my ($id, $line) = ($1, $2);
        $quoted++;
        my $known = $said{$id} or push(@wrong, "$id does not exist"), next;
        my @fits = grep { index($line, $_) == 0 } split / or |, /, $known;
        push @wrong, "$id is \"$known\", not \"$line\"" if index($line, $known) != 0 && !@fits;
        push @wrong, "$id: no reason $1" if $line =~ /reason=([a-z0-9-]+)/ && !$reason{$1};
    }
    push @wrong, "$_ does not exist" for grep { !$said{$_} } $text =~ /`(SSO\d{3})`/g;
    none \@wrong, "$page: quotes messages that exist";
    cmp_ok $quoted, '>', 1, "$page: says what goes wrong";
    ok $text =~ m{\(\.\./\.\./(conf-examples/\w+\.conf)\)} && -f "$SSO::Source::top/$1", "$page: names an example";
    like $text, qr/^SSOPreset\s+$name\b/m, "$page: shows its preset" if $name ne 'other';
}

done_testing;
