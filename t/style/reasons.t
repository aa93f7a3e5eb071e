# SPDX-License-Identifier: Apache-2.0
# A reason is a constant slug, and docs/messages.md explains each one.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my $doc = 'docs/messages.md';
my $slug = qr/[a-z0-9]+(?:-[a-z0-9]+)*/;

# Where the reason is no constant in the call: it comes from a table or a callee of the same file, whose literals count.
my %indirect = map { $_ => 1 } ('base/json.c kinds[i].reason', 'base/buf.c what', 'httpd/authn.c why',
    'httpd/authn.c opened->why', 'httpd/callback.c why', 'httpd/keys.c cause.reason', 'httpd/meta_load.c reason',
    'httpd/mint.c cause.reason',
    'httpd/meta.c copy.reason', 'httpd/meta.c failed->reason', 'httpd/meta.c failure.reason',
    'httpd/meta.c rc != SSO_OK ? failure.reason : "keys-refetch-limited"', 'oidc/authresp.c reason',
    'oidc/idtoken.c missing', 'oidc/idtoken.c reason', 'oidc/idtoken.c type',
    'oidc/logout.c reason', 'oidc/token.c reason', 'oidc/verify.c first.reason', 'oidc/verify.c second.reason',
    'oidc/bearer.c type', 'oidc/bearer.c reason');
my %carrier = map { $_ => 1 } ('httpd/identity.c', 'httpd/copy.c', map { /^(\S+)/ } keys %indirect);
# Literals of these files that have the shape of a slug and are none.
my %other = map { $_ => 1 } ('sso-oidc', 'client-secret', 'sso-snapshot');

my (%reason, @unknown, @shape);
for my $file (files(qr{^(?:src/.*|mod_sso_oidc)\.[ch]$})) {
    my $text = code($file);
    my $name = $file =~ s{^src/}{}r;
    while ($text =~ /\bsso_err_set\s*\(/g) {
        my @arguments = arguments(substr $text, $+[0]);
        my $third = $arguments[2] // '';
        my $place = "$file:" . line_of($text, $-[0]);
        my @literals = $third =~ /"([^"]*)"/g;
        push @shape, "$place \"$_\"" for grep { !/^$slug$/ } @literals;
        $reason{$_} //= $place for @literals;
        next if $third =~ /^"[^"]*"$/ || $third =~ /^[^?]+\?\s*"[^"]*"\s*:\s*"[^"]*"$/;
        push @unknown, "$place $third" if !$indirect{"$name $third"} && $file ne 'src/base/err.h';
    }
    while ($text =~ /\breason=($slug)\b|\bsso_buf_check\s*\([^()]*"($slug)"/g) {
        my ($word, $place) = ($1 // $2, "$file:" . line_of($text, $-[0]));
        $reason{$word} //= $place;
    }
    next if !$carrier{$name};
    while ($text =~ /"($slug)"/g) {
        my ($word, $place) = ($1, "$file:" . line_of($text, $-[0]));
        $reason{$word} //= $place if $word =~ /-/ && !$other{$word};
    }
}
$reason{unknown} //= 'src/httpd/log.c'; # a refusal without an error

sub arguments {
    my ($rest) = @_;
    my ($depth, @list) = (0, '');
    while ($rest =~ /\G("(?:[^"\\]|\\.)*"|.)/gs) {
        my $piece = $1;
        return map { s/^\s+|\s+$//gr } @list if $piece eq ')' && !$depth;
        $depth += $piece eq '(' ? 1 : $piece eq ')' ? -1 : 0;
        if ($piece eq ',' && !$depth) { push @list, ''; next }
        $list[-1] .= $piece;
    }
    return @list;
}

cmp_ok scalar keys %reason, '>', 150, 'the reasons were found';
none \@shape, 'a reason is [a-z0-9-]+';
none \@unknown, 'a reason is a constant, or comes from a place this test knows (add it to %indirect)';

my (%documented, @wrong);
for my $row (@{table_rows($doc, qr/^\|\s*reason\s*\|/)}) {
    my ($name, $cause, $remedy) = @$row;
    push @wrong, "$name stands twice" if $documented{$name}++;
    push @wrong, "$name is in no source" if !$reason{$name};
    push @wrong, "$name has no meaning or no remedy" if !$cause || !$remedy;
}
none \@wrong, "$doc lists no reason that is not there";
none [map { $documented{$_} ? () : "$_ ($reason{$_})" } sort keys %reason], "$doc lists every reason";

done_testing;
