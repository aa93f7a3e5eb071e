# SPDX-License-Identifier: Apache-2.0
# A message id means one thing, and docs/messages.md says what it is and what to do about it.
#   "SSO201", "sentence"             a refusal (log.h)
#   "SSO310: sentence: …"            a line of its own
#   mod_sso_check_fail(ck, "SSO130", "SSOIssuer", …)   a refusal at the start (conf_check.h)
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my $doc = 'docs/messages.md';
my (%sentence, %directive, %places, @unread); # id -> {text => 1}

for my $file (files(qr{^(?:src/.*|mod_sso_oidc)\.[ch]$})) {
    my $text = code($file);
    while ($text =~ /"SSO(\d+)\b(?::\s*([^"]*))?"/g) {
        my ($id, $own, $at, $after) = ("SSO$1", $2, $-[0], substr $text, $+[0]);
        my $before = substr $text, 0, $at;
        push @{$places{$id}}, "$file:" . line_of($text, $at);
        if (defined $own) { $sentence{$id}{$own =~ s/(?:: | reason=|; |%).*//r =~ s/[\s']+$//r} = 1 }
        elsif ($before =~ /\bmod_sso_check_(?:fail|warn)\s*\(\s*\w+\s*,\s*\z/) {
            $directive{$id}{$after =~ /\A\s*,\s*"([^"]+)"/ ? $1 : '*'} = 1;
        }
        elsif ($after =~ /\A\s*,\s*"([^"]+)"/) { $sentence{$id}{$1} = 1 }
        else { push @unread, "$places{$id}[-1] $id" }
    }
}
cmp_ok scalar keys %places, '>', 40, 'the messages were found';
none \@unread, 'each id stands beside its sentence';
none [grep { !/^SSO\d{3}$/ } sort keys %places], 'an id is SSO and three digits';

for my $kind (\%sentence, \%directive) {
    my @several = grep { keys %{$kind->{$_}} > 1 } sort keys %$kind;
    none [map { "$_: " . join ' / ', sort keys %{$kind->{$_}} } @several],
        $kind == \%sentence ? 'one id, one sentence' : 'one id, one directive';
}
none [grep { $directive{$_} } sort keys %sentence], 'an id of the start is not one of a request';

my (%of_sentence, @twice);
for my $id (sort keys %sentence) {
    push @twice, "$id and $of_sentence{$_}: $_" for grep { $of_sentence{$_} } keys %{$sentence{$id}};
    $of_sentence{$_} = $id for keys %{$sentence{$id}};
}
none \@twice, 'one sentence, one id';

my %documented;
for my $table ([qr/^\|\s*id\s*\|\s*sentence\s*\|/, \%sentence], [qr/^\|\s*id\s*\|\s*directive\s*\|/, \%directive]) {
    my ($header, $kind) = @$table;
    my @wrong;
    for my $row (@{table_rows($doc, $header)}) {
        my ($id, $what, $cause, $remedy) = @$row;
        push @wrong, "$id stands twice" if $documented{$id}++;
        push @wrong, "$id is in no source" if !$kind->{$id};
        push @wrong, "$id is \"" . join('" / "', keys %{$kind->{$id}}) . "\", not \"$what\""
            if $kind->{$id} && !$kind->{$id}{$what} && !$kind->{$id}{'*'};
        push @wrong, "$id has no cause or no remedy" if !$cause || !$remedy || length $cause < 10 || length $remedy < 5;
    }
    none \@wrong, "$doc is right about " . ($kind == \%sentence ? 'messages' : 'refusals at the start');
}
none [map { $documented{$_} ? () : "$_ (@{$places{$_}})" } sort keys %places], "$doc lists every id";

done_testing;
