# SPDX-License-Identifier: Apache-2.0
# SSOBridge: each call of OpenMetadata's interface, as each generation of it sends it, and what must not work.
use lib 't/lib';
use SSO::Test;
use SSO::Bridge;

use MIME::Base64 qw(encode_base64url);

my $om = SSO::OP->scripted; # stands for OpenMetadata's own key set
my $site = site(httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'}, snippet => <<"END");
SSOBearerIssuer open-metadata.org @{[$om->origin]}/jwks
SSOBearerAudience none
SSOAllowOrigin https://partner.example
<Location "/">
    AuthType sso-oidc
    Require valid-user
    SSORemoteUser email
    SSOBridge openmetadata
    SSOMintAudience openmetadata
</Location>
<Location "/api/v1/both/">
    <RequireAny>
        Require expr "%{REMOTE_USER} -strcmatch '*\@example.com'"
        Require sso-claim iss open-metadata.org
    </RequireAny>
    SSOAccept session bearer
</Location>
<Location "/other/">
    SSOBridge none
    SSOPassToken none
</Location>
END
allow_log $site, qr/SSO126: SSOBearerAudience: none/;
my $origin = $site->origin;
my $callback = "$origin/auth/callback";
my $escaped = SSO::Browser::escape($callback);
my $tables = '/api/v1/tables?limit=10';

sub call { return xhr($site, @_) }
sub stranger { return $site->new_browser }

subtest 'config/auth sends the interface to us, for everybody' => sub {
    my $page = call(stranger, 'GET', '/api/v1/system/config/auth');
    is $page->status, 200, 'without a session';
    is_deeply $page->json, {provider => 'custom-oidc', providerName => 'SSO', clientType => 'confidential',
        enableSelfSignup => true, enableAutoRedirect => true, jwtPrincipalClaims => [qw(email preferred_username sub)],
        jwtPrincipalClaimsMapping => [], clientId => 'openmetadata', authority => $origin,
        callbackUrl => "$origin/callback"}, 'all that it wants';
    is_deeply [map { $page->header($_) } qw(Cache-Control Pragma Referrer-Policy X-Content-Type-Options)],
        [qw(no-store no-cache no-referrer nosniff)], 'headers';
    is call(stranger, 'PUT', '/api/v1/system/config/auth')->status, 405, 'read only';
    is call(stranger, 'HEAD', '/api/v1/system/config/auth')->body, '', 'HEAD';
};

my ($browser, $token, $page) = signed_in($site);
subtest 'signing in gives the browser a marker' => sub {
    ok $token, 'there is one' or diag join "\n", map { $_->summary } $page->hops;
    is $page->url =~ s/\?.*//r, $callback, 'it ends at the interface\'s callback page';
    my %query = SSO::Browser::query_of($page->url);
    is $query{email}, 'alice@example.com', 'email';
    is $query{name}, "Alice M\x{c3}\x{bc}ller", 'name';
    my ($hop) = grep { token_of($_->location) } $page->hops;
    is $hop->status, 302, 'by a redirect';
    is_deeply [map { $hop->header($_) } qw(Cache-Control Pragma Referrer-Policy X-Content-Type-Options)],
        [qw(no-store no-cache no-referrer nosniff)], 'headers';
    is_deeply header_of($token), {alg => 'mod-sso-oidc-box', typ => 'JWT', kid => 'mod-sso-oidc-marker'}, 'header';
    my $claims = claims_of($token);
    is_deeply [sort keys %$claims], [qw(aud exp iat iss jti)], 'claims: nothing about the person';
    is $claims->{aud}, 'browser', 'aud';
    is $claims->{exp} - $claims->{iat}, 900, 'a quarter of an hour';
    my $keys = stranger->get($site->url('/sso/jwks'))->json->{keys};
    ok !grep({ $_->{kid} eq 'mod-sso-oidc-marker' } @$keys), 'no published key has its kid';
    unlike $site->log->text, qr/\Q$token\E/, 'it is in no log';
};

subtest 'a call with session and marker reaches the application with a fresh token' => sub {
    my $answer = call($browser, 'GET', $tables, $token);
    is $answer->status, 200, 'in';
    my ($minted) = (sent_header($answer, 'Authorization') // '') =~ /^Bearer (.+)$/;
    isnt $minted, $token, 'not the marker';
    like header_of($minted)->{kid}, qr/^mod-sso-oidc-[\w-]{43}$/, 'signed by us';
    my $claims = claims_of($minted);
    is $claims->{email}, 'alice@example.com', 'for alice';
    is_deeply $claims->{aud}, ['openmetadata'], 'for this application';
    ok $claims->{email_verified}, 'verified';
    cmp_ok $claims->{exp} - time, '>=', 120, 'it lives two minutes at least';
    ok !grep({ /^(?:sessionid|isbot|tokentype|impersonateduser|roles)$/i } keys %$claims), 'nothing with power';
    for my $method (qw(POST PUT PATCH DELETE)) {
        my $written = call($browser, $method, '/api/v1/users/1', $token, body => '[]',
            headers => {'Content-Type' => 'application/json-patch+json'});
        is sent($written)->{method}, $method, "$method too";
        my ($fresh) = (sent_header($written, 'Authorization') // '') =~ /^Bearer (.+)$/; # each process makes its own
        is header_of($fresh)->{kid}, header_of($minted)->{kid}, '… with a token';
    }
    ok !sent_header($answer, 'Cookie'), 'our cookies are not the application\'s';
};

subtest 'neither half is enough' => sub {
    my ($other, $others) = signed_in($site, user => 'bob');
    answers_401 $site, call($browser, 'GET', $tables), 'marker-missing', 'a session alone';
    answers_401 $site, call(stranger, 'GET', $tables, $token), 'no-session', 'a marker alone';
    answers_401 $site, call($browser, 'GET', $tables, $others), 'marker-session', 'the marker of another person';
    answers_401 $site, call($browser, 'GET', $tables, 'a.b.c'), 'marker-foreign', 'another token beside the session';
    answers_401 $site, call($browser, 'GET', $tables, undef, headers => {Authorization => 'Basic YTpi'}), 'marker-foreign',
        'another scheme';
    answers_401 $site, call($browser, 'GET', $tables, undef, headers => {Authorization => ["Bearer $token", 'Bearer x']}),
        'marker-foreign', 'two headers';
    answers_401 $site, call($browser, 'GET', $tables, "$token, Bearer x"), 'marker-foreign', 'two in one';
    answers_401 $site, $browser->get($site->url($tables)), 'marker-missing', 'in the address bar';
    answers_401 $site, call($browser, 'GET', "$tables&access_token=$token"), 'marker-missing', 'in the query';
    is call($other, 'GET', $tables, $others)->status, 200, 'each with his own';
};

subtest 'nobody writes a marker' => sub {
    my ($head, $claims, $box) = split /\./, $token;
    my $longer = claims_of($token);
    $longer->{exp} += 86400;
    my $forged = sub { answers_401 $site, call($browser, 'GET', $tables, join '.', @_[0 .. 2]), $_[3], $_[4] };
    $forged->($head, encode_base64url(JSON::PP::encode_json($longer)), $box, 'box-tampered', 'that lives longer');
    $forged->($head, $claims, substr($box, 0, -2) . ($box =~ /AA$/ ? 'BA' : 'AA'), 'box-\w+', 'with another box');
    $forged->($head, $claims, '', 'box-malformed', 'without a box');
    $forged->($head, '', $box, 'box-tampered', 'without claims');
    $forged->($head, $claims, "$box.$box", 'box-malformed', 'of four parts');
    $forged->($head, $claims, 'A' x 4000, 'marker-foreign', 'of great length');
    $forged->(encode_base64url('{"alg":"none","typ":"JWT","kid":"mod-sso-oidc-marker"}'), $claims, $box, 'marker-foreign',
        'with another header');
    my ($cookie) = grep { $_->{name} =~ /^sso-\d+$/ } $browser->jar->all;
    $forged->($head, $claims, substr($cookie->{value}, 1), 'box-tampered|marker-foreign', 'of the session cookie\'s box');
};

subtest 'refresh: a new marker, or 401; never a page, never a redirect' => sub {
    for my $method (qw(GET POST)) {
        my $answer = call($browser, $method, '/api/v1/auth/refresh', $token);
        is $answer->status, 200, "$method";
        like $answer->header('Content-Type'), qr{^application/json}, 'JSON';
        my $json = $answer->json;
        is $json->{tokenType}, 'Bearer', 'tokenType';
        isnt $json->{accessToken}, $token, 'a new one';
        my $claims = claims_of($json->{accessToken});
        is $json->{expiryDuration}, $claims->{exp} * 1000, 'expiryDuration in milliseconds';
        cmp_ok $claims->{exp}, '>=', time + 120, 'good for two minutes at least';
        is call($browser, 'GET', $tables, $json->{accessToken})->status, 200, 'it works';
        ok !$answer->header('Access-Control-Allow-Origin'), 'for nobody else';
    }
    is call($browser, 'GET', '/api/v1/auth/refresh', 'an.expired.one')->status, 200, 'whatever Authorization says';
    is call($browser, 'GET', '/api/v1/auth/refresh')->status, 200, 'or does not say';
    answers_401 $site, call(stranger, $_, '/api/v1/auth/refresh', $token), 'no-session', "$_ without a session" for qw(GET POST);
    answers_401 $site, stranger->get($site->url('/api/v1/auth/refresh')), 'no-session', 'nor in the address bar';
    my $other = call($browser, 'PUT', '/api/v1/auth/refresh', $token, body => 'x');
    is $other->status, 405, 'another method';
    is $other->header('Allow'), 'GET, POST', 'Allow';
    is call($browser, 'HEAD', '/api/v1/auth/refresh')->body, '', 'HEAD has no body';
    my $partner = call($browser, 'GET', '/api/v1/auth/refresh', undef, headers => {Origin => 'https://partner.example'});
    ok !$partner->header('Access-Control-Allow-Origin'), 'not even for an origin of SSOAllowOrigin';
};

subtest 'redirectUri is the interface\'s own callback page and nothing else' => sub {
    my $try = sub { return $browser->get($site->url("/api/v1/auth/login$_[0]")) };
    is $try->("?redirectUri=$escaped")->status, 302, 'encoded, as the newest interface writes it';
    is $try->("?redirectUri=$callback")->status, 302, 'not encoded, as v1.9 does';
    is token_of($try->("?redirectUri=$callback&prompt=login")->location) ? 1 : 0, 1, 'a prompt other than none is ignored';
    my $host = $site->httpd->{host} . ':' . $site->httpd->port;
    my @bad = ('https://evil.example/auth/callback', "//$host/auth/callback", '/auth/callback', 'auth/callback',
        "$origin/mcp/callback", "$origin/callback", "$origin/auth/callback/", "$origin/auth/callbackx", "$origin/auth/callback?x=1",
        "$origin/auth/callback#x", "$origin/auth/../auth/callback", "$origin//auth/callback", "$origin/auth%2fcallback",
        "http://user\@$host/auth/callback", "http://$host\@evil.example/auth/callback", "$origin.evil.example/auth/callback",
        uc $origin . '/auth/callback', " $callback", "$callback ", "$callback\t", "$callback\r\nX-Evil: 1", "$callback\0",
        "javascript:alert(1)//$callback", "http://$host\\auth\\callback", "https://$host/auth/callback", '');
    for my $uri (@bad) {
        my $answer = $try->('?redirectUri=' . SSO::Browser::escape($uri));
        my $name = $uri =~ s/[^ -~]/?/gr;
        is $answer->status, 400, "refused: $name";
        ok !defined $answer->location, '… no redirect';
        is_deeply eval { $answer->json }, {code => 400, message => 'Redirect URI must exactly match a trusted redirect URI'},
            '… as JSON';
        expect_log $site, qr/SSO252: a login call is refused: .*reason=(?:bridge-redirect-uri|form-nul)/, '… and logged';
    }
    for my $query ('', '?', "?redirecturi=$escaped", "?redirectUri=$escaped&redirectUri=$escaped", "?redirectUri=$escaped&redirectUri=https://evil.example/",
        "?redirectUri=" . SSO::Browser::escape($escaped), "?redirectUri=$escaped%", "?redirectUri=$escaped&prompt=none&prompt=login") {
        is $try->($query)->status, 400, "refused: $query";
        expect_log $site, qr/SSO252: a login call is refused: .*reason=(?:bridge-redirect-uri|param-duplicate|form-escape)/, '… and logged';
    }
    is stranger->get($site->url("/api/v1/auth/login?redirectUri=https://evil.example/"))->status, 400, 'without a session just so';
    expect_log $site, qr/SSO252/;
    is stranger->get($site->url("/api/v1/auth/login?redirectUri=$escaped"), headers => {Host => 'evil.example'})->status, 421,
        'nor by another Host';
    expect_log $site, qr/SSO252: .*reason=host-unknown/;
    is call($browser, 'POST', "/api/v1/auth/login?redirectUri=$escaped", $token, body => '')->status, 405, 'GET only';
};

subtest 'a login is begun by a person only' => sub {
    my $load = sub {
        my ($dest, %more) = @_;
        return stranger->get($site->url("/api/v1/auth/login?redirectUri=$escaped"), from => 'https://evil.example/', headers =>
            {'Sec-Fetch-Dest' => $dest, 'Sec-Fetch-Mode' => 'no-cors', Accept => '*/*', %more});
    };
    answers_401 $site, $load->($_), 'no-session', "not by $_" for qw(image script style iframe empty);
    answers_401 $site, $load->('document', 'Sec-Purpose' => 'prefetch'), 'no-session', 'nor by a prefetch';
    is $load->('document', 'Sec-Fetch-Mode' => 'navigate')->status, 302, 'but by a link';
};

subtest 'the application\'s own login is off' => sub {
    for my $who (stranger, $browser) {
        is call($who, 'GET', '/api/v1/auth/callback?code=x&state=y', $token)->status, 404, 'its callback';
        expect_log $site, qr/SSO258: .*reason=bridge-own-login/;
    }
};

subtest 'what needs no session, and is never sent to the provider' => sub {
    for my $path (qw(/api/v1/system/config/authorizer /api/v1/system/config/jwks /api/v1/system/health /api/v1/system/version
            /api/v1/system/config/customUiThemePreference /api/v1/system/config/rdf)) {
        my $answer = call(stranger, 'GET', $path, $token);
        is $answer->status, 200, $path;
        ok !sent_header($answer, 'Authorization'), '… without any token';
        answers_401 $site, call(stranger, 'POST', $path, undef, body => ''), 'no-session', '… for reading only';
    }
    for my $path (qw(/signin /auth/callback /silent-callback /app-worker.js /manifest.json /favicon.png /main.1a2b.js
            /assets/index-1a2B_3.js /images/logo.svg /assets/fonts/inter.woff2)) {
        my $answer = stranger->get($site->url($path));
        is $answer->status, 200, $path;
        ok !defined sent_header($answer, 'X-SSO-sub'), '… for nobody';
    }
    for my $path ('/api/v1/users/login', '/api/v1/users/signup', '/api/v1/tables', '/api', '/api/', '/api/v1/system/config/other',
        '/api/v1/system/health/x', '/api/v1/system/config/auth/', '/API/v1/tables', '/api;x/v1/tables', '//api/v1/tables',
        '/assets/../api/v1/tables', '/%61pi/v1/tables', '/api/v1/../v1/tables', '/x/../api/v1/tables') {
        answers_401 $site, call(stranger, 'GET', $path), 'no-session', "a call is a call: $path";
    }
    for my $path ('/', '/my-data', '/table/x.js', '/other/data.json', '/data.json', '/assets/data.json', '/docs/a.svg', '/.env.js',
        '/assets/..;/api/v1/tables.js', '/assets/%252e%252e/api/v1/tables.js', '/assets/a%3Bb.js', '/assets/.hidden/a.js', '/signin/x',
        '/signin%3Bx') {
        my $answer = stranger->get($site->url($path));
        ok !sent($answer), "not without a session: $path" or diag $answer->summary;
    }
    for my $dest (qw(serviceworker script style image empty)) {
        my $answer = stranger->get($site->url('/app-worker.js'), headers => {'Sec-Fetch-Dest' => $dest, Accept => '*/*'});
        is $answer->status, 200, "/app-worker.js for $dest";
    }
    is stranger->get($site->url('/lost.txt'), headers => {'Sec-Fetch-Dest' => 'script', 'Sec-Fetch-Mode' => 'no-cors'})->status, 401,
        'a script that is not among them gets 401';
    answers_401 $site, stranger->post($site->url('/my-data'), form => {a => 1}), 'no-session', 'nothing is posted to a page';
};

subtest 'the interface boots with a session and without a marker' => sub {
    is call($browser, 'GET', '/api/v1/system/config/authorizer')->status, 200, 'config/authorizer';
    is call($browser, 'GET', '/api/v1/system/config/auth')->status, 200, 'config/auth';
    my $page = $browser->get($site->url('/my-data'));
    is $page->status, 200, 'a page';
    ok !sent_header($page, 'Authorization'), 'pages get no token';
    ok !sent_header($browser->get($site->url('/my-data'), headers => {Authorization => "Bearer $token"}), 'Authorization'),
        'and no marker';
    ok !sent_header($browser->get($site->url('/api;x/v1/tables'), headers => {Authorization => "Bearer x"}), 'Authorization'),
        'nor what looks like a call only to the application';
};

subtest 'another site cannot act' => sub {
    my $evil = 'http://127.0.0.1:9/page'; # another port is another origin, but the same site: Lax cookies come along
    answers_401 $site, $browser->post($site->url('/api/v1/users'), from => $evil, form => {a => 1}), 'marker-missing',
        'a form that comes with the cookies';
    answers_401 $site, $browser->post($site->url('/my-data'), from => $evil, form => {a => 1}), 'marker-missing',
        'nor to a page';
    my $preflight = $browser->request('OPTIONS', $site->url($tables), fetch => 1, from => 'https://partner.example/', headers =>
        {Origin => 'https://partner.example', 'Access-Control-Request-Method' => 'GET', 'Access-Control-Request-Headers' => 'authorization'});
    ok !$preflight->header('Access-Control-Allow-Origin'), 'a preflight is not allowed';
    my $out = $browser->post($site->url('/api/v1/auth/logout'), from => $evil, form => {});
    is $out->status, 403, 'nobody is signed out by a form';
    expect_log $site, qr/SSO254: .*reason=logout-not-asked/;
    for my $dest (qw(image iframe document)) {
        my $answer = $browser->get($site->url('/api/v1/auth/logout'), from => $site->url('/x'), headers => {'Sec-Fetch-Dest' => $dest});
        is $answer->status, 405, "nor by $dest of the site itself";
        is $answer->header('Allow'), 'POST', 'Allow';
    }
    is $browser->get($site->url('/api/v1/auth/logout'), from => $evil)->status, 405, 'nor by a link';
    is call($browser, 'GET', $tables, $token)->status, 200, 'alice is still in';
};

subtest 'a rule on iss tells tokens of OpenMetadata from everybody whom the provider signs in' => sub {
    my $both = '/api/v1/both/tables';
    my %out = (email => 'eve@elsewhere.example', email_verified => true);
    my $bearer = sub {
        my ($op, %claims) = @_;
        my $token = $op->sign(claims => {iss => 'open-metadata.org', sub => 'x', %claims}, typ => 'JWT',
            token => {remove => [qw(exp aud nonce)]});
        return stranger->get($site->url($both), plain => 1, headers => {Authorization => "Bearer $token"});
    };
    my $bot = $bearer->($om, email => 'ingestion-bot@open-metadata.org', isBot => true, tokenType => 'BOT');
    is $bot->status, 200, 'a bot is in';
    my $personal = $bearer->($om, %out, isBot => false, tokenType => 'PERSONAL_ACCESS');
    is $personal->status, 200, 'a personal token, whatever the address of its owner';
    is $bearer->($site->op, %out, isBot => true)->status, 401, 'the same claims signed by the provider: not';
    expect_log $site, qr/SSO401: .*reason=(?:jws-signature|jwks-\S+|keys-\S+)/;

    my %power = (isBot => true, Iss => 'open-metadata.org', 'i.ss' => 'open-metadata.org', tokenType => 'BOT');
    for my $case (['the ID Token', id_token => {claims => {%out, %power}}],
        ['UserInfo', userinfo => {set => {%out, %power, iss => 'open-metadata.org'}}, id_token => {remove => ['email']}]) {
        my ($name, %script) = @$case;
        $site->op->control(\%script);
        my ($eve, $marker) = signed_in($site);
        ok $marker, "$name says isBot: she has a session and a marker";
        is call($eve, 'GET', '/api/v1/auth/refresh')->status, 200, '… which is renewed';
        my $answer = call($eve, 'GET', $both, $marker);
        is $answer->status, 403, '… and opens nothing' or diag $answer->summary;
        expect_log $site, qr/AH01629: authorization failure/;
        $site->op->reset;
    }
};

subtest 'another application below the same path' => sub {
    my $page = $browser->post($site->url('/other/api/v1/x'), form => {a => 1}, headers => {Authorization => 'Bearer its-own'});
    is $page->status, 200, 'SSOBridge none: no marker is asked for';
    is sent_header($page, 'Authorization'), 'Bearer its-own', 'and its Authorization is its own';
};

done_testing;
