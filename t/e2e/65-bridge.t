# SPDX-License-Identifier: Apache-2.0
# SSOBridge: each call of OpenMetadata's interface, as each generation of it sends it, and what must not work.
use lib 't/lib';
use SSO::Test;

use MIME::Base64 qw(decode_base64url encode_base64url);

my $site = site(httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'}, snippet => <<'END');
<Location "/">
    AuthType sso-oidc
    Require valid-user
    SSORemoteUser email
    SSOBridge openmetadata
    SSOMintAudience openmetadata
</Location>
END
my $origin = $site->origin;
my $callback = "$origin/auth/callback";
my $login_call = '/api/v1/auth/login?redirectUri=' . SSO::Browser::escape($callback);
my $tables = '/api/v1/tables?limit=10';

sub claims { my ($token) = @_; return JSON::PP::decode_json(decode_base64url((split /\./, $token)[1])) }
sub header_of { my ($token) = @_; return JSON::PP::decode_json(decode_base64url((split /\./, $token)[0])) }

# What the interface does with a callback URL: newest looks at the fragment first, all others at the query.
sub token_of { my ($url) = @_; return ($url // '') =~ /[?#&]id_token=([^&#]+)/ ? SSO::Browser::unescape($1) : undef }

# An XHR of the interface.
sub xhr {
    my ($browser, $method, $path, $token, %opt) = @_;
    my %headers = (Accept => 'application/json, text/plain, */*', ($token ? (Authorization => "Bearer $token") : ()),
        %{delete $opt{headers} // {}});
    return $browser->fetch($site->url($path), method => $method, from => $site->url('/my-data'), %opt,
        headers => \%headers);
}

# A browser that is signed in as the interface signs in; (browser, its token).
sub signed_in {
    my (%args) = @_;
    my $browser = $site->new_browser;
    my $page = login($site, $login_call, browser => $browser, %args);
    my ($hop) = grep { token_of($_->location) } $page->hops;
    return ($browser, $hop && token_of($hop->location), $page);
}

sub answers_401 {
    my ($page, $reason, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $name => sub {
        is $page->status, 401, 'status' or diag $page->summary;
        is $page->header('WWW-Authenticate'), 'Bearer', 'challenge';
        like $page->header('Content-Type'), qr{^application/json}, 'JSON';
        is_deeply eval { $page->json }, {code => 401, message => 'Expired token!'}, 'the words that make it renew';
        is $page->header('Cache-Control'), 'no-store', 'not to be kept';
        ok !sent($page), 'the application saw nothing';
        expect_log $site, qr/SSO25\d: .*reason=$reason /, "the log says $reason";
    };
}

subtest 'config/auth sends the interface to us, for everybody' => sub {
    my $page = xhr($site->new_browser, 'GET', '/api/v1/system/config/auth');
    is $page->status, 200, 'without a session';
    my $config = $page->json;
    is_deeply $config, {provider => 'custom-oidc', providerName => 'SSO', clientType => 'confidential',
        enableSelfSignup => true, enableAutoRedirect => true, jwtPrincipalClaims => [qw(email preferred_username sub)],
        jwtPrincipalClaimsMapping => [], clientId => 'openmetadata', authority => $origin,
        callbackUrl => "$origin/callback"}, 'all that it wants';
    is_deeply [map { $page->header($_) } qw(Cache-Control Pragma Referrer-Policy X-Content-Type-Options)],
        [qw(no-store no-cache no-referrer nosniff)], 'headers';
    ok !$page->header('Access-Control-Allow-Origin'), 'for nobody else';
    is xhr($site->new_browser, 'PUT', '/api/v1/system/config/auth')->status, 405, 'read only';
};

my ($browser, $token, $page) = signed_in();
subtest 'signing in gives the browser a marker' => sub {
    ok $token, 'there is one' or diag join "\n", map { $_->summary } $page->hops;
    is $page->url =~ s/\?.*//r, $callback, 'it ends at the interface\'s callback page';
    my %query = SSO::Browser::query_of($page->url);
    is $query{email}, 'alice@example.com', 'email';
    is $query{name}, "Alice M\x{c3}\x{bc}ller", 'name';
    is header_of($token)->{kid}, 'mod-sso-oidc-marker', 'a kid of its own';
    my $claims = claims($token);
    is_deeply [sort keys %$claims], [qw(aud exp iat iss jti)], 'claims: nothing about the person';
    is $claims->{aud}, 'browser', 'aud';
    is $claims->{exp} - $claims->{iat}, 900, 'a quarter of an hour';
    my $keys = $site->new_browser->get($site->url('/sso/jwks'))->json->{keys};
    ok !grep({ $_->{kid} eq 'mod-sso-oidc-marker' } @$keys), 'no published key verifies it';
};

subtest 'a call with session and marker reaches the application with a fresh token' => sub {
    my $answer = xhr($browser, 'GET', $tables, $token);
    is $answer->status, 200, 'in';
    my ($minted) = (sent_header($answer, 'Authorization') // '') =~ /^Bearer (.+)$/;
    isnt $minted, $token, 'not the marker';
    like header_of($minted)->{kid}, qr/^mod-sso-oidc-[\w-]{43}$/, 'signed by us';
    is claims($minted)->{email}, 'alice@example.com', 'for alice';
    is_deeply claims($minted)->{aud}, ['openmetadata'], 'for this application';
    my $written = xhr($browser, 'PATCH', '/api/v1/users/1', $token, body => '[]',
        headers => {'Content-Type' => 'application/json-patch+json'});
    is $written->status, 200, 'writing too';
};

subtest 'neither half is enough' => sub {
    answers_401 xhr($browser, 'GET', $tables), 'marker-missing', 'a session alone';
    answers_401 xhr($site->new_browser, 'GET', $tables, $token), 'no-session', 'a marker alone';
    answers_401 xhr($browser, 'GET', $tables, 'a.b.c'), 'marker-foreign', 'another token beside the session';
    my ($other, $others) = signed_in(user => 'bob');
    answers_401 xhr($browser, 'GET', $tables, $others), 'marker-session', 'the marker of another person';
};

done_testing;
