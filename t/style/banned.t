# SPDX-License-Identifier: Apache-2.0
# What no file may hold: functions that overflow or are not thread-safe, comparisons that tell secrets by their time,
# notes to self, tabs, lines that do not fit, files without a licence.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my @c = files(qr{^(?:src/.*|t/(?:unit|fuzz|bench)/.*|t/[\w-]+|mod_sso_oidc)\.[ch]$});
my @module = grep { m{^(?:src/|mod_sso_oidc\.c)} } @c;
my @scripts = files(qr{^(?:t/.*\.(?:t|pm|pl|sh|mjs|js|py|css|conf)|t/(?:\w+/)?run|conf-examples/.*|dev|\.ci/run)$});
my @build = ('Makefile.am', 'configure.ac');
cmp_ok scalar @module, '>', 60, 'the sources were found';

# findings([files], reader, pattern): "file:line what", what is group 1.
sub findings {
    my ($list, $read, $pattern) = @_;
    my @found;
    for my $file (@$list) {
        my $text = $read->($file);
        push @found, "$file:" . line_of($text, $-[1]) . " $1" while $text =~ /$pattern/g;
    }
    return \@found;
}

none findings(\@module, \&code_only, qr/\b(strcpy|stpcpy|strcat|strncat|v?sprintf|strtok|atoi|atol|atoll|atof|strncpy|
    alloca|localtime|gmtime|ctime|asctime|rand|srand|drand48|gets|v?s?scanf|mktemp|tmpnam|setenv|putenv|popen|
    system)\s*\(/x),
    'no function that overflows, hides an error, or keeps state of the process';

none findings(\@module, \&code_only, qr/\b(malloc|calloc|realloc|strdup|strndup|v?asprintf|free)\s*\(/),
    'memory comes from pools';

# A comparison that ends at the first difference tells by its time how much was right.
my $arguments = qr/\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)/;
my $compare = qr/\b((?:memcmp|bcmp|strn?(?:case)?cmp|ap_cstr_casecmpn?|apr_strnatcmp)\s*$arguments)/;
my $secret = qr/\b\w*(?:secret|verifier|password|nonce|mac|digest|hash|signature|cek|csrf)\w*\b/i;
my %harmless = map { $_ => 1 } (
    'strcmp(secret, provider->conf->client_id)',       # at the start: the operator wrote the same word twice
    'strncasecmp(conf->client_secret, "exec:", 5)',    # where the secret comes from
    'strncasecmp(conf->client_secret, "file:", 5)',
    'memcmp(bytes + len, digest, sizeof(digest))',      # a copy on disk that was damaged, not forged
);
my @leaks = grep {
    my ($call) = /:\d+ (.*)/s;
    $call =~ s/"[^"]*"|sizeof\s*\([^()]*\)|^\w+//gr =~ $secret && !$harmless{$call =~ s/\s+/ /gr};
} @{findings(\@module, \&code, $compare)};
none \@leaks, 'secrets are compared in constant time (CRYPTO_memcmp)';

my @text = (@c, @scripts, @build);
none findings(\@text, \&slurp, qr/\b(T[O]DO|FIX[M]E|X[X]X|HA[C]K)\b/), 'no notes to self';
none findings([@c, @scripts, 'configure.ac'], \&slurp, qr/^([^\n]*\t)/m), 'no tabs';
none findings(\@text, \&slurp, qr/^([^\n]*[ ]$)/m), 'no blanks at the end of a line';
none findings(\@text, \&slurp, qr/(\r)/), 'Unix line ends';
none findings([grep { m{^src/|^mod_sso_oidc|^t/style/|^conf-examples/} } @c, @scripts], \&slurp, qr/^(.{100}).{21,}$/m),
    'at most 120 columns';
none findings([@text, files(qr{\.md$|^CHANGES$})], \&slurp, qr{(/wor[k]/\w+)}), 'no path of one machine';

my @unlicensed = grep { join('', (split /^/, slurp($_))[0 .. 2]) !~ /\bSPDX-License-Identifier: Apache-2\.0\b/ } @text;
none \@unlicensed, 'each file says its licence in its first three lines';

done_testing;
