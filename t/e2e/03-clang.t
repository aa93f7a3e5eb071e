# SPDX-License-Identifier: Apache-2.0
# clang's warnings over the module's sources, each an error; gcc's are the build's (configure --enable-werror).
use strict;
use warnings;

use lib 't/lib';
use Test::More;

use SSO::Source qw(files);

sub output { my ($command) = @_; my $text = qx($command); $? and die "$command: $?\n"; return $text }
sub system_headers { return map { s/^-I/-isystem/r } split ' ', output($_[0]) }

my @flags = (qw(-std=gnu11 -fsyntax-only -Isrc), system_headers('apr-1-config --cppflags --includes'),
    system_headers('apu-1-config --includes'), system_headers('pkg-config --cflags jansson libcrypto zlib libcurl hiredis'),
    '-isystem', split(' ', output('apxs -q INCLUDEDIR')), qw(-DOPENSSL_NO_DEPRECATED -DOPENSSL_API_COMPAT=30000),
    '-DSSO_STATEDIR="/var/lib/mod_sso_oidc"', '-DMOD_SSO_VERSION="0"',
    qw(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Werror));

# What clang finds in these files, in portions that a command line holds.
sub found {
    my ($flags, @sources) = @_;
    my $said = '';
    while (my @some = splice @sources, 0, 20) {
        open my $in, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $ENV{CLANG} // 'clang', @$flags, @some or die "clang: $!";
        local $/;
        $said .= <$in> // '';
        $said .= "failed: @some\n" if !close $in;
    }
    return $said;
}

my @sources = (files(qr{^src/.*\.c$}), 'mod_sso_oidc.c');
cmp_ok scalar @sources, '>=', 50, 'there are sources';
is found([@flags, '-DMOD_SSO_HIREDIS'], @sources), '', 'nothing is found';
is found(\@flags, grep { m{/(?:redis|store)} } @sources), '', 'nor without hiredis';

done_testing;
