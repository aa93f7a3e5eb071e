# SPDX-License-Identifier: Apache-2.0
# The resource server: which bearer tokens count, and what a program is told otherwise (RFC 6750, RFC 9068, RFC 8725).
use lib 't/lib';
use SSO::Test;

use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

my $op = SSO::OP->scripted({path => '/main'});
my $other = SSO::OP->scripted; # another company's provider, with keys of its own
my $away = SSO::OP->scripted({path => '/away'}); # one that can be taken away
my $stranger = SSO::OP->scripted; # not configured
my $main = $op->issuer;
my $guard = "AuthType sso-oidc\nRequire valid-user";
my $site = site(provider => $op, httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'}, snippet => <<"END");
SSOBearerIssuer $main
SSOBearerIssuer @{[$other->issuer]}
SSOBearerIssuer urn:robots @{[$op->origin]}/main/jwks
SSOBearerAudience https://api.example other-name
<SSOProvider machines>
    SSOIssuer $main/
    SSOClientID machines
    SSOSigningAlgs ES256
    SSOBearerIssuer open-metadata.org @{[$other->origin]}/jwks
    SSOBearerAudience none
</SSOProvider>
<SSOProvider away>
    SSOIssuer $main/away
    SSOClientID away
    SSOBearerIssuer @{[$away->issuer]}
    SSOBearerAudience https://api.example
</SSOProvider>
<Location /api/>
    $guard
    SSOAccept bearer
</Location>
<Location /api/write/>
    Require sso-claim scope write admin
</Location>
<Location /api/scp/>
    Require sso-claim scp write
</Location>
<Location /api/group/>
    Require sso-claim groups operators
</Location>
<Location /api/expr/>
    Require expr 'read' in sso_claim('scope')
</Location>
<Location /api/client/>
    SSORemoteUser client_id
</Location>
<Location /api/gold/>
    SSOStepUp gold 10m
</Location>
<Location /api/pass/>
    SSOPassToken access X-Token
</Location>
<Location /api/id/>
    SSOPassToken id
</Location>
<Location /api/redirect/>
    SSOUnauthenticated redirect
</Location>
<Location /api/forbidden/>
    SSOUnauthenticated 403
</Location>
<Location /both/>
    $guard
    SSOAccept session bearer
</Location>
<Location /open/>
    AuthType sso-oidc
    Require all granted
    SSOAccept bearer
</Location>
<Location /machines/>
    $guard
    SSOUse machines
    SSOAccept bearer
</Location>
<Location /away/>
    $guard
    SSOUse away
    SSOAccept bearer
</Location>
END
allow_log $site, qr/SSO126: SSOBearerAudience: none: every token that "open-metadata.org" signs is accepted/,
    qr/AH01630: client denied by server configuration/;

my %good = (aud => 'https://api.example', client_id => 'robot', scope => 'read list', jti => 'j1');
my %done;

# token({claims}, {token script}, typ => …, op => …): a claim that is undef is left out.
sub token {
    my ($claims, $script, %opt) = @_;
    my %all = (%good, %{$claims // {}});
    my @gone = grep { !defined $all{$_} } keys %all;
    delete @all{@gone};
    my %script = %{$script // {}};
    $script{remove} = [@gone, @{$script{remove} // []}];
    $script{header_remove} = ['typ'] if exists $opt{typ} && !defined $opt{typ};
    return ($opt{op} // $op)->sign(client => 'jwt', claims => \%all, token => \%script, typ => $opt{typ} // 'at+jwt');
}

sub call {
    my ($path, $authorization, %opt) = @_;
    my $method = delete $opt{method} // 'GET';
    my %headers = (defined $authorization ? (Authorization => $authorization) : (), %{delete $opt{headers} // {}});
    return ($opt{browser} // $site->new_browser)->request($method, $site->url($path), plain => 1, %opt, headers => \%headers);
}
sub bearer { my ($token, %opt) = @_; return call($opt{path} // '/api/', "Bearer $token", %opt) }

sub challenge { my ($page) = @_; return $page->header('WWW-Authenticate') // '' }

sub accepted {
    my ($page, $name, $user) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $page->status, 200, $name // 'accepted' or diag join "\n", $page->body, $site->log->lines(qr/SSO40/);
    return is sent_header($page, 'X-SSO-sub'), $user // 'alice', '… with the right identity';
}

# 401 invalid_token from us, with this reason in the log and nothing for the application.
sub invalid {
    my ($page, $reason, $name, $status, $error) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ($status, $error) = ($status // 401, $error // 'invalid_token');
    return subtest $name // $reason => sub {
        is $page->status, $status, "status $status" or diag $page->body;
        like challenge($page), qr/^Bearer error="$error"/, 'the challenge';
        is $page->header('Cache-Control'), 'no-store', 'nobody keeps it';
        is eval { $page->json->{error} }, $error, 'the body';
        ok !sent($page), 'the application saw nothing';
        is scalar($page->headers('Set-Cookie')), 0, 'no cookie';
        my $line = expect_log $site, qr/SSO40\d: .*reason=$reason /;
        is eval { $page->json->{id} }, (($line // '') =~ /id=(\S+)/)[0], 'under one id';
    };
}

# A bare challenge: nothing was shown.
sub bare {
    my ($page, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $name => sub {
        is $page->status, 401, 'status';
        is challenge($page), 'Bearer realm="127.0.0.1"', 'a challenge without an error code';
        is $page->header('Location'), undef, 'no redirect';
        ok !sent($page), 'the application saw nothing';
        expect_log $site, qr/SSO404: .*reason=bearer-absent /;
    };
}

sub area {
    my ($id, $code) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $done{$id}++;
    return subtest $id => $code;
}

# --- accepted ---

area 'rs-ok' => sub {
    my $token = token();
    my $page = bearer($token);
    accepted $page;
    is sent_header($page, 'X-SSO-client-id'), 'robot', 'its claims reach the application';
    is sent_header($page, 'X-SSO-scope'), 'read,list', 'scopes as a list';
    is sent_header($page, 'Authorization'), "Bearer $token", 'the client\'s own header too';
    is scalar($page->headers('Set-Cookie')), 0, 'no cookie';
    accepted bearer($token), 'a second time' for 1 .. 3;
    accepted bearer(token({}, {}, typ => 'application/at+jwt')), 'typ application/at+jwt';
    accepted bearer(token({}, {}, typ => 'JWT')), 'typ JWT';
    accepted bearer(token({}, {}, typ => undef)), 'no typ';
    accepted bearer(token({}, {alg => 'ES256'})), 'ES256';
    accepted bearer(token(), method => 'POST', form => {a => 1}), 'a POST';
    accepted bearer(token({}, {}, op => $other)), 'of another configured issuer, with its keys';
    accepted bearer(token({iss => 'urn:robots'})), 'of an issuer that is no URL, with keys at an address';
};
area 'rs-ok-aud-array' => sub { accepted bearer(token({aud => ['https://x.example', 'other-name']})) };
area 'rs-ok-scheme-case' => sub {
    accepted call('/api/', "$_ " . token()), $_ for 'bEaReR', 'BEARER', 'bearer';
    accepted call('/api/', 'Bearer   ' . token()), 'several blanks';
};
area 'rs-hdr-spoof' => sub {
    my $page = bearer(token(), headers => {'X-SSO-Sub' => 'mallory', 'X_SSO_Groups' => 'admins', 'X-SSO-Email' => 'm@example.com'});
    accepted $page;
    is sent_header($page, 'X-SSO-Email'), undef, 'what the client made up is gone';
    is sent_header($page, 'X_SSO_Groups'), undef, 'in every spelling';
};

# --- nothing shown ---

area 'rs-none' => sub {
    bare call('/api/'), 'no token';
    bare call('/api/', undef, plain => 0), 'a browser that navigates: a login would bring nothing';
    bare call('/api/redirect/', undef, plain => 0), 'even where SSOUnauthenticated says redirect';
    is call('/api/forbidden/')->status, 403, 'SSOUnauthenticated 403';
    my $page = call('/open/');
    is $page->status, 200, 'a place for everybody';
    is sent_header($page, 'X-SSO-sub'), undef, '… is anonymous';
    accepted bearer(token(), path => '/open/'), '… and knows who shows a token';
    invalid bearer('x.y.z', path => '/open/'), 'jws-base64|jws-header', '… but a bad one is refused there too';
};
area 'rs-empty-bearer' => sub {
    bare call('/api/', $_), qq{Authorization: $_} for 'Bearer', 'Bearer ', 'Basic YTpi', 'DPoP ' . token(), 'Bearerx y';
};
area 'rs-query' => sub { bare call('/api/?access_token=' . token()), 'a token in the query only' };
area 'rs-form-token' => sub {
    bare call('/api/', undef, method => 'POST', form => {access_token => token()}), 'in a form of POST';
    bare call('/api/', undef, method => 'GET', form => {access_token => token()}), 'in a form of GET';
    bare call('/api/', undef, method => 'POST', body => "--b\r\nContent-Disposition: form-data; name=access_token\r\n\r\n" . token() . "\r\n--b--\r\n",
        headers => {'Content-Type' => 'multipart/form-data; boundary=b'}), 'in a multipart body';
};

# --- malformed requests ---

area 'rs-two-methods' => sub {
    invalid call('/api/?access_token=x', 'Bearer ' . token()), 'bearer-two-ways', 'in header and query', 400, 'invalid_request';
    invalid call('/api/?a=b&access_token', 'Bearer ' . token()), 'bearer-two-ways', 'without a value', 400, 'invalid_request';
    invalid call('/api/', ['Bearer ' . token(), 'Bearer ' . token()]), 'bearer-several', 'two headers', 400, 'invalid_request';
    invalid call('/api/', ['Basic YTpi', 'Bearer ' . token()]), 'bearer-several', 'Basic and Bearer', 400, 'invalid_request';
    accepted call('/api/?x_access_token=1&access_tokens=2&a=access_token', 'Bearer ' . token()), 'other parameters are fine';
};

# --- signature and keys ---

area 'rs-alg-none' => sub {
    invalid bearer(token({}, {alg => 'none', key => undef, tamper => 'strip', sign_as => 'RS256'})), 'jws-alg-none';
    invalid bearer(token({}, {alg => 'nOnE', sign_as => 'RS256'})), 'jws-alg-none', 'nOnE';
    invalid bearer(token({}, {alg => 'RS255', sign_as => 'RS256'})), 'jws-alg-unknown';
    invalid bearer(token({}, {alg => 'HS256'})), 'jws-alg-not-allowed', 'HS256 with a client\'s secret';
    invalid bearer(token({}, {alg => 'HS256', key => 'pem:k1', kid => 'k1'})), 'jws-alg-not-allowed', 'HS256 with the public key';
    invalid bearer(token({iss => 'open-metadata.org'}, {}, op => $other), path => '/machines/'), 'jws-alg-not-allowed',
        'an algorithm that SSOSigningAlgs leaves out';
};
area 'rs-bad-sig' => sub {
    invalid bearer(token({}, {key => 'attacker', kid => 'k1'})), 'jws-signature', 'an attacker\'s key';
    invalid bearer(token({}, {tamper => $_})), $_ eq 'strip' ? 'jws-signature(?:-length)?' : 'jws-signature', $_ for qw(signature payload);
    my $good = token();
    accepted bearer($good), 'a token that is known now';
    my ($head, $body, $mac) = split /\./, $good;
    invalid bearer("$head.$body." . ($mac =~ tr/A-Za-z/a-zA-Z/r)), 'jws-(?:signature|base64)', 'lets no other in: signature';
    (my $changed = $body) =~ s/^(....)(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/e;
    invalid bearer("$head.$changed.$mac"), '(?:jws-signature|bearer-claims|bearer-iss\S*)', 'claims';
};
area 'rs-jku' => sub {
    my $evil = '${origin}/evil/jwks';
    invalid bearer(token({}, {key => 'attacker', kid => 'k1', header => {jku => $evil, x5u => $evil}})), 'jws-signature';
    invalid bearer(token({}, {key => 'attacker', kid => 'k1', header => {jwk => 'own'}})), 'jws-signature', 'jwk';
    is scalar($op->requests('/evil/jwks')), 0, 'nobody went there';
};
area 'rs-multi-issuer' => sub {
    invalid bearer(token({iss => $main}, {}, op => $other)), 'jws-signature|jwks-unknown-kid', 'iss A, signed by B';
    invalid bearer(token({iss => $other->issuer})), 'jws-signature|jwks-unknown-kid', 'iss B, signed by A';
    invalid bearer(token({iss => $main}), path => '/machines/'), 'bearer-iss-unknown', 'an issuer of another provider\'s locations';
};

# --- claims ---

area 'rs-wrong-aud' => sub {
    invalid bearer(token({aud => $_})), 'bearer-aud', JSON::PP->new->encode([$_])
        for 'https://api.example/', 'HTTPS://API.EXAMPLE', 'public', ['https://x.example', 'y'], [], '';
    invalid bearer(token({aud => $_})), 'bearer-aud-type', JSON::PP->new->encode([$_]) for 7, {a => 1}, ['https://api.example', 1];
};
area 'rs-no-aud' => sub { invalid bearer(token({aud => undef})), 'bearer-aud-missing' };
area 'rs-wrong-iss' => sub {
    invalid bearer(token({iss => $_})), 'bearer-iss-unknown', $_ for "$main/", uc $main, 'https://evil.example', '', 'urn:robot';
    invalid bearer(token({iss => [$main]})), 'bearer-iss-type', 'a list';
    invalid bearer(token({}, {remove => ['iss']})), 'bearer-iss-missing', 'none';
};
area 'rs-iss-ssrf' => sub {
    my $before = $stranger->requests;
    invalid bearer(token({iss => $stranger->issuer}, {}, op => $stranger)), 'bearer-iss-unknown';
    is scalar($stranger->requests), 0, 'nobody asked the stranger for anything';
};
area 'rs-expired' => sub {
    my $page = bearer(token({exp => time - 100, iat => time - 500}));
    like challenge($page), qr/error_description="the token has expired"/, 'the client is told to get a new one';
    invalid $page, 'bearer-exp';
    accepted bearer(token({exp => time - 20})), 'within the skew';
    invalid bearer(token({}, {remove => ['exp']})), 'bearer-exp-missing', 'no exp';
    invalid bearer(token({nbf => time + 300})), 'bearer-nbf', 'not yet';
    invalid bearer(token({iat => time + 300})), 'bearer-iat', 'issued in the future';
    accepted bearer(token({nbf => time - 5})), 'nbf in the past';
    accepted bearer(token({}, {remove => ['iat']})), 'no iat';
};
area 'rs-exp-string' => sub {
    invalid bearer(token({exp => '' . (time + 600)})), 'bearer-exp-type';
    invalid bearer(token({exp => -1})), 'bearer-exp-type', 'negative';
    invalid bearer(token({nbf => 'x'})), 'bearer-nbf-type', 'nbf';
    invalid bearer(token({iat => []})), 'bearer-iat-type', 'iat';
};
area 'rs-logout-token' => sub {
    invalid bearer(token({}, {}, typ => $_)), 'bearer-typ', $_
        for qw(logout+jwt application/logout+jwt dpop+jwt secevent+jwt id_token token-introspection+jwt x);
    my %event = (events => {'http://schemas.openid.net/event/backchannel-logout' => {}});
    invalid bearer(token(\%event, {}, typ => 'JWT')), 'bearer-kind', 'without its typ';
    invalid bearer(token({nonce => 'n'}, {}, typ => 'JWT')), 'bearer-kind', 'an ID Token by its nonce';
    invalid bearer(token({at_hash => 'h'}, {}, typ => undef)), 'bearer-kind', 'by its at_hash';
    invalid bearer(token({typ => 'ID'}, {}, typ => 'JWT')), 'bearer-kind', 'by Keycloak\'s typ';
    invalid bearer(token({typ => 'Refresh'}, {}, typ => 'JWT')), 'bearer-kind', 'a refresh token';
    invalid bearer(token({token_use => 'id'}, {}, typ => 'JWT')), 'bearer-kind', 'by Cognito\'s token_use';
    accepted bearer(token({typ => 'Bearer'}, {}, typ => 'JWT')), 'Keycloak\'s access token';
};
area 'rs-mtls-bound' => sub {
    invalid bearer(token({cnf => {'x5t#S256' => 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'}})), 'bearer-bound', 'mTLS';
    invalid bearer(token({cnf => {jkt => '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'}})), 'bearer-bound', 'DPoP';
    invalid bearer(token({cnf => {new => 1}})), 'bearer-bound', 'anything else';
};
area 'rs-client-credentials' => sub {
    my $token = token({sub => undef}, {remove => ['sub']});
    my $page = bearer($token);
    is $page->status, 403, 'without a sub nobody is made of the client id';
    ok !sent($page), 'the application saw nothing';
    expect_log $site, qr/SSO221: .*reason=user-claim-missing /;
    $page = bearer($token, path => '/api/client/');
    is $page->status, 200, 'unless SSORemoteUser says so';
    is bearer($token, path => '/api/client/')->status, 200, '… a second time too';
    accepted bearer(token({sub => 'robot'})), 'sub = client_id is the sub', 'robot';
    invalid bearer(token({sub => undef, client_id => undef}, {remove => ['sub']})), 'bearer-sub-missing', 'nobody at all';
    invalid bearer(token({sub => ''})), 'bearer-sub', 'an empty sub';
    invalid bearer(token({sub => 7})), 'bearer-sub-type', 'a number';
    invalid bearer(token({sub => "a\nb"})), 'bearer-sub', 'a line end';
    invalid bearer(token({client_id => {}})), 'bearer-client-type', 'a client that is no text';
};

# --- bytes that are no token ---

area 'rs-garbage' => sub {
    my $good = token();
    my ($head, $body, $mac) = split /\./, $good;
    my @garbage = ('x', '.', '..', '...', '....', '.....', 'a.b.c', "$head.$body", "$head.$body.", ".$body.$mac", "$head..$mac",
        "$good=", "$good.", "$head.$body.$mac.x.y", '=' x 20, 'undefined', 'null', '%00', '~', 'A' x 7000,
        encode_base64url('{"alg":"RS256"}') . '.' . encode_base64url('[]') . '.AAAA',
        encode_base64url('{"alg":"RS256"}') . '.' . encode_base64url('{"iss":"x","iss":"y"}') . '.AAAA',
        encode_base64url('{"alg":"RS256"}') . '.' . encode_base64url('{"iss":' . '[' x 2000 . ']' x 2000 . '}') . '.AAAA',
        encode_base64url("\xff\xfe") . ".$body.$mac", "$good two", "$good\x80", 'a b', '"quoted"', '<xml>', "\x{e4}");
    for my $text (@garbage) {
        my $page = bearer($text);
        is $page->status, 401, 'refused: ' . substr $text =~ s/[^ -~]/?/gr, 0, 40;
        like challenge($page), qr/^Bearer error="invalid_token"/, '… as invalid';
        ok defined $site->log->take(qr/SSO401: a bearer token is refused: .*reason=[a-z0-9-]+ /, 5), '… with a reason';
    }
    accepted bearer($good), 'and the good one is still good';
};

# --- scopes and other rules ---

area 'rs-insufficient-scope' => sub {
    my $page = bearer(token(), path => '/api/write/');
    like challenge($page), qr/scope="write admin"/, 'the scopes are named';
    invalid $page, 'bearer-scope', 'the scope is not there', 403, 'insufficient_scope';
    accepted bearer(token({scope => 'list write'}), path => '/api/write/'), 'it is there';
    accepted bearer(token({scope => 'admin'}), path => '/api/write/'), 'or the other';
    invalid bearer(token({scope => 'write-all writ'}), path => '/api/write/'), 'bearer-scope', 'half a scope', 403, 'insufficient_scope';
    accepted bearer(token({scp => ['read', 'write']}), path => '/api/scp/'), 'scp as a list (Okta)';
    accepted bearer(token({scp => 'read write'}), path => '/api/scp/'), 'scp as a text (Entra)';
    accepted bearer(token(), path => '/api/expr/'), 'in an expression';
    is bearer(token({scope => 'none'}), path => '/api/expr/')->status, 403, '… it counts';
    $page = bearer(token({groups => ['users']}), path => '/api/group/');
    is $page->status, 403, 'another rule: 403';
    is challenge($page), '', '… without a word of scopes';
    accepted bearer(token({groups => ['operators']}), path => '/api/group/'), 'the rule is met';
};

# --- what this version does not do ---

area 'rs-dpop-proof' => sub {
    my $page = call('/api/', 'DPoP ' . token({cnf => {jkt => 'x'}}), headers => {DPoP => 'a.b.c'});
    bare $page, 'the scheme DPoP is not offered';
};
area 'rs-dpop-private-jwk' => sub {
    invalid bearer(token({}, {header => {jwk => {kty => 'EC', crv => 'P-256', d => 'AAAA', x => 'AAAA', y => 'AAAA'}}}, typ => 'dpop+jwt')),
        'bearer-typ', 'a proof is no access token';
};
area 'rs-dpop-jti-replay' => sub {
    my $proof = token({cnf => {jkt => 'x'}});
    invalid bearer($proof), 'bearer-bound', 'bound tokens are refused at the first sight' for 1;
    invalid bearer($proof), 'bearer-bound', '… and at the second';
};

# --- both kinds of credential ---

subtest 'a location that takes sessions and bearer tokens' => sub {
    my $browser = $site->new_browser;
    my $page = $browser->get($site->url('/both/'));
    is $page->status, 302, 'a browser that navigates is sent to the provider';
    $page = call('/both/');
    is $page->status, 401, 'a program is told';
    is challenge($page), 'Bearer realm="127.0.0.1"', '… what it may bring';
    is $page->json->{login_url}, '/sso/login', '… and where people sign in';
    accepted login($site, '/both/', browser => $browser), 'the session';
    accepted bearer(token({sub => 'robot'}), path => '/both/', browser => $browser), 'a bearer token wins over the session', 'robot';
    invalid bearer(token({aud => 'x'}), path => '/both/', browser => $browser), 'bearer-aud', 'a bad one is refused although there is a session';
    accepted call('/both/', $_, browser => $browser), "no token: '$_'" for 'Basic YTpi', 'Bearer';
    is call('/api/', undef, browser => $browser)->status, 401, 'where only bearer tokens count, a session does not';
    my $mine = token({sub => 'robot'});
    $page = call('/protected/', "Bearer $mine", browser => $browser);
    accepted $page, 'where only sessions count, a token does not';
    is sent_header($page, 'Authorization'), "Bearer $mine", '… and is the application\'s';
    is call('/protected/', "Bearer $mine")->status, 401, '… alone neither';
    is challenge(call('/protected/', "Bearer $mine")), 'SSO-Login', '… nor is it asked for';
};

subtest 'a strong sign-in is asked of tokens too (RFC 9470)' => sub {
    my $page = bearer(token(), path => '/api/gold/');
    like challenge($page), qr/acr_values="gold", max_age="600"/, 'what is asked';
    invalid $page, 'bearer-weak', 'too weak', 401, 'insufficient_user_authentication';
    invalid bearer(token({acr => 'gold'}), path => '/api/gold/'), 'bearer-weak', 'nobody knows when', 401, 'insufficient_user_authentication';
    invalid bearer(token({acr => 'gold', auth_time => time - 4000}), path => '/api/gold/'), 'bearer-weak', 'too long ago', 401, 'insufficient_user_authentication';
    accepted bearer(token({acr => 'gold', auth_time => time - 4}), path => '/api/gold/'), 'strong enough';
};

subtest 'SSOPassToken' => sub {
    my $token = token();
    my $page = bearer($token, path => '/api/pass/');
    accepted $page;
    is sent_header($page, 'X-Token'), $token, 'access: the token in the header of the operator';
    $page = bearer($token, path => '/api/id/');
    accepted $page;
    is sent_header($page, 'Authorization'), "Bearer $token", 'id: there is none, the client\'s header stays';
};

subtest 'SSOBearerAudience none' => sub {
    my %claims = (iss => 'open-metadata.org', aud => undef, sub => 'ingestion-bot');
    accepted bearer(token(\%claims, {alg => 'ES256'}, op => $other), path => '/machines/'), 'no audience is asked for', 'ingestion-bot';
    invalid bearer(token({%claims, exp => time - 100}, {alg => 'ES256'}, op => $other), path => '/machines/'), 'bearer-exp', 'the rest is';
    my $endless = token(\%claims, {alg => 'ES256', remove => ['exp']}, op => $other);
    accepted bearer($endless, path => '/machines/'), 'nor an end, which such bots have not', 'ingestion-bot';
    accepted bearer($endless, path => '/machines/'), 'nor the second time', 'ingestion-bot';
    invalid bearer(token(\%claims, {alg => 'ES256'}), path => '/machines/'), 'jws-signature|jwks-\S+', 'keys of another issuer do not count';
};

# --- seen before ---

area 'rs-cache-key' => sub {
    my $token = token({exp => time + 2, sub => 'brief'});
    accepted bearer($token), 'a token that ends soon', 'brief';
    accepted bearer($token), '… is known now', 'brief';
    my ($head, $body, $mac) = split /\./, $token;
    for my $cut (1, 2, 4, 40) {
        is bearer(substr $token, 0, -$cut)->status, 401, "the same but for the last $cut characters: another token";
        $site->log->take(qr/SSO401: .*reason=jws-\S+ /, 5);
    }
    is bearer($token, path => '/machines/')->status, 401, 'known to one provider is not known to another';
    $site->log->take(qr/reason=bearer-iss-unknown/, 5);
    my @known = map { my $t = token({sub => "u$_", n => $_}); [$t, "u$_"] } 1 .. 40;
    for my $round (1 .. 3) {
        my @wrong = grep { (sent_header(bearer($_->[0]), 'X-SSO-sub') // '') ne $_->[1] } @known;
        is scalar(@wrong), 0, "40 tokens are never mixed up, round $round";
    }
    my $big = token({groups => [map { "group-number-$_-of-a-long-list" } 1 .. 150]});
    is scalar(() = (sent_header(bearer($big), 'X-SSO-groups') // '') =~ /group-number/g), 150, 'a large token' for 1 .. 2;
};

subtest 'keys that are withdrawn' => sub {
    my $claims = {iss => $away->issuer};
    my $old = token($claims, {}, op => $away);
    accepted bearer($old, path => '/away/'), 'the old key';
    accepted bearer($old, path => '/away/'), 'the token is known';
    $away->control({jwks => {keys => ['k2', 'ec256']}});
    my $new = token($claims, {key => 'k2', kid => 'k2'}, op => $away);
    accepted bearer($new, path => '/away/'), 'a new kid makes us look at the keys once';
    invalid bearer($old, path => '/away/'), 'jwks-unknown-kid', 'a token of the withdrawn key is forgotten';
    accepted bearer($new, path => '/away/'), 'the new one is not';
    my $carol = token({%$claims, sub => 'carol'}, {key => 'k2', kid => 'k2'}, op => $away);
    $away->stop;
    accepted bearer($new, path => '/away/'), 'while the issuer is away, known tokens count';
    accepted bearer($carol, path => '/away/'), 'and new ones, by its keys as they last were', 'carol';
};

# --- an issuer that cannot be reached ---

subtest 'an issuer that never answered' => sub {
    my $gone = SSO::OP->scripted;
    my $token = token({}, {}, op => $gone);
    my $here = site(provider => $op, snippet => <<"END");
SSOBearerIssuer @{[$gone->issuer]}
SSOBearerAudience https://api.example
<Location /api/>
    $guard
    SSOAccept bearer
</Location>
END
    $gone->stop;
    my $page = $here->new_browser->get($here->url('/api/'), plain => 1, headers => {Authorization => "Bearer $token"});
    is $page->status, 503, 'not the client\'s fault';
    like $page->header('Retry-After') // '', qr/^\d+$/, 'it may come again';
    is challenge($page), '', 'and keeps its token';
    expect_log $here, qr/SSO403: .*reason=fetch-\S+ /;
    $here->finish;
};

my @secret = grep { /eyJ[\w-]{20,}\.eyJ/ } $site->log->lines;
is scalar(@secret), 0, 'no token is in the log';
my @dead = $site->log->lines(qr/exit signal|Sanitizer|runtime error/);
is scalar(@dead), 0, 'no child died';

my @all = qw(rs-ok rs-ok-aud-array rs-ok-scheme-case rs-none rs-alg-none rs-bad-sig rs-jku rs-wrong-aud rs-no-aud rs-wrong-iss
    rs-expired rs-exp-string rs-logout-token rs-two-methods rs-query rs-mtls-bound rs-garbage rs-hdr-spoof rs-insufficient-scope
    rs-form-token rs-empty-bearer rs-multi-issuer rs-iss-ssrf rs-dpop-proof rs-dpop-private-jwk rs-dpop-jti-replay
    rs-client-credentials rs-cache-key);
is_deeply [sort keys %done], [sort @all], 'every case of the catalogue was asked';

$other->stop;
$stranger->stop;
done_testing;
