# SPDX-License-Identifier: Apache-2.0
# Folder = layer: includes point down, never up or in a circle, and each foreign library has one door.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my @layers = qw(base jose oidc httpd);
my %level = map { $layers[$_] => $_ } 0 .. $#layers;
my @sources = files(qr{^src/[^/]+/[^/]+\.[ch]$});
my (%ours, %foreign); # file -> ["layer/name.h", …] and file -> ["curl/curl.h", …]

for my $file (@sources, 'mod_sso_oidc.c') {
    my $text = code($file);
    while ($text =~ /^[ ]*#[ ]*include[ ]+([<"])([^>"]+)[>"]/gm) {
        push @{($1 eq '"' ? $ours{$file} : $foreign{$file}) //= []}, $2;
    }
}

cmp_ok scalar @sources, '>', 60, 'the sources were found';
my @others = grep { !exists $level{(split m{/})[1]} } files(qr{^src/.*\.[ch]$});
none \@others, 'src holds the four layers and nothing else';

my (@unknown, @upward);
for my $file (sort keys %ours) {
    my ($layer) = $file =~ m{^src/(\w+)/};
    for my $header (@{$ours{$file}}) {
        my ($to) = $header =~ m{^(\w+)/[\w]+\.h$};
        my $known = $to && exists $level{$to} && -f "$SSO::Source::top/src/$header";
        push @unknown, "$file includes \"$header\"" if !$known;
        push @upward, "$file includes \"$header\"" if $known && $layer && $level{$to} > $level{$layer};
    }
}
none \@unknown, 'every "include" is written layer/name.h and exists';
none \@upward, 'includes point down: httpd -> oidc -> jose -> base';

# x.c and x.h are one unit; so is what says that it is the inside of a unit (OpenSSL's types, long arithmetic).
my %inner = ('jose/ossl' => 'jose/crypto', 'jose/jwk_inner' => 'jose/jwk', 'jose/jwe_inner' => 'jose/jwe',
    'jose/jws_sig' => 'jose/jws');
sub unit_of { my ($path) = @_; my $unit = $path =~ s/\.[ch]$//r; return $inner{$unit} // $unit }

my (%edges, %state, @circle);
for my $file (@sources) {
    my $unit = unit_of($file =~ s{^src/}{}r);
    for my $header (@{$ours{$file} // []}) {
        my $to = unit_of($header);
        $edges{$unit}{$to} = 1 if $to ne $unit;
    }
}
sub visit {
    my ($unit, @path) = @_;
    if (($state{$unit} // '') eq 'open') {
        shift @path while $path[0] ne $unit;
        push @circle, join ' -> ', @path, $unit;
        return;
    }
    return if $state{$unit};
    $state{$unit} = 'open';
    visit($_, @path, $unit) for sort keys %{$edges{$unit} // {}};
    $state{$unit} = 'done';
    return;
}
visit($_) for sort keys %edges;
none \@circle, 'no circle among units (x.c and x.h are one)';

my @doors = (
    [qr{^jansson}, qr{^src/base/json\.c$}, 'jansson is used by src/base/json.c only'],
    [qr{^openssl/}, qr{^src/jose/}, 'OpenSSL is used by src/jose only'],
    [qr{^curl/}, qr{^src/httpd/curl_base\.h$}, 'libcurl is known through src/httpd/curl_base.h only'],
    [qr{^z(?:lib|conf)\.h$}, qr{^src/oidc/}, 'zlib is used by src/oidc only'],
    [qr{^(?:httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|scoreboard|mpm_common|unixd|apr_optional_hooks)\.h$},
        qr{^src/httpd/|^mod_sso_oidc\.c$}, 'httpd is known to src/httpd only'],
);
for my $door (@doors) {
    my ($library, $allowed, $name) = @$door;
    my @wrong = map {
        my $file = $_;
        map { /$library/ && $file !~ $allowed ? "$file includes <$_>" : () } @{$foreign{$file}};
    } sort keys %foreign;
    none \@wrong, $name;
}

my %curl_users = map { $_ => 1 } map { "src/httpd/$_" } qw(curl_base.c fetch.c tls_conn.c);
none [grep { !$curl_users{$_} && grep { $_ eq 'httpd/curl_base.h' } @{$ours{$_}} } sort keys %ours],
    'libcurl is used by src/httpd/fetch.c (HTTP) and src/httpd/tls_conn.c (TLS to what is not HTTP) only';

# A network or a clock in the core would make its decisions untestable (DESIGN §2).
my @world = map {
    my $file = $_;
    my $text = code_only($file);
    map { "$file calls $_" }
        $text =~ /\b(apr_time_now|apr_socket_\w+|apr_file_\w+|getenv|fopen|open|socket|fork|ap_\w+)\s*\(/g;
} grep { m{^src/(?:base|jose|oidc)/} } @sources;
none \@world, 'the core has no clock, no file, no network and no httpd';

done_testing;
