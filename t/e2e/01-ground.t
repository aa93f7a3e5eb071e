# SPDX-License-Identifier: Apache-2.0
# The test ground itself: the providers, the browser, httpd without our module, the application, the log gate.
use lib 't/lib';
use SSO::Test;
use Digest::SHA qw(sha256);
use MIME::Base64 qw(encode_base64url decode_base64url);

my $verifier = 'v' x 43;
my $challenge = encode_base64url(sha256($verifier));

sub authorize_url {
    my ($op, $to, %more) = @_;
    return "$to?" . SSO::Browser::form_encode({response_type => 'code', client_id => 'public',
        scope => 'openid email profile',
        redirect_uri => 'http://127.0.0.1:9/sso/callback', state => 'st', nonce => 'no', code_challenge => $challenge,
        code_challenge_method => 'S256', %more});
}

sub redeem {
    my ($browser, $url, $code, %more) = @_;
    return $browser->post($url, plain => 1,
        form => {grant_type => 'authorization_code', code => $code, client_id => 'public',
        redirect_uri => 'http://127.0.0.1:9/sso/callback', code_verifier => $verifier, %more});
}

sub payload { return JSON::PP->new->utf8->decode(decode_base64url((split /\./, $_[0])[1])) }

subtest 'the real provider signs alice in with public client and PKCE, and out again' => sub {
    my $op = SSO::OP->real({origin => 'http://127.0.0.1:9'});
    my $browser = SSO::Browser->new;
    my $meta = $browser->get($op->issuer . '/.well-known/openid-configuration', plain => 1)->json;
    is $meta->{issuer}, $op->issuer, 'issuer';
    my $page = $browser->go(authorize_url($op, $meta->{authorization_endpoint}));
    is $page->status, 200, 'login page';
    is $browser->submit($page, {login => 'alice', password => 'wrong'})->status, 401, 'wrong password';
    my $back = $browser->submit($page, {login => 'alice', password => 'alice'});
    $back = $browser->follow($back) while $back->is_redirect && $back->location !~ m{^http://127.0.0.1:9/};
    my $answer = $back->location_query;
    is $answer->{iss}, $op->issuer, 'RFC 9207 iss';
    my $tokens = redeem($browser, $meta->{token_endpoint}, $answer->{code})->json;
    my $claims = payload($tokens->{id_token});
    is $claims->{email}, 'alice@example.com', 'claims are in the ID token';
    is_deeply $claims->{realm_access}{roles}, ['catalog-admin', 'catalog-reader'], 'nested claims too';
    my $info = $browser->get($meta->{userinfo_endpoint}, plain => 1,
        headers => {Authorization => "Bearer $tokens->{access_token}"});
    is $info->json->{name}, "Alice M\x{fc}ller", 'userinfo';
    my $bye = $browser->go($meta->{end_session_endpoint} . '?'
        . SSO::Browser::form_encode({id_token_hint => $tokens->{id_token},
        post_logout_redirect_uri => 'http://127.0.0.1:9/bye', state => 's'}));
    my $left = $browser->submit($bye, {});
    is $left->location, 'http://127.0.0.1:9/bye?state=s', 'logout returns with state';
};

subtest 'the scripted provider is strict' => sub {
    my $op = SSO::OP->scripted;
    my $browser = SSO::Browser->new;
    my $code = sub { $browser->get(authorize_url($op, $op->issuer . '/authorize', @_))->location_query->{code} };
    my $token = $op->issuer . '/token';
    is redeem($browser, $token, $code->())->status, 200, 'honest login';
    is redeem($browser, $token, $code->(), code_verifier => 'w' x 43)->status, 400, 'wrong PKCE verifier';
    my $once = $code->();
    redeem($browser, $token, $once);
    is redeem($browser, $token, $once)->status, 400, 'a code works once';
    is redeem($browser, $token, $code->(client_id => 'basic'), client_id => 'basic')->status, 401, 'a missing secret';
    is $browser->get(authorize_url($op, $op->issuer . '/authorize', code_challenge_method => 'plain'))->status, 400,
        'plain PKCE';
    is scalar(my @failures = $op->failures), 4, 'each is on record' or diag explain [$op->failures];
    is scalar(my @seen = $op->requests('/token')), 5, 'requests are on record';
};

subtest 'the scripted provider lies on demand' => sub {
    my $op = SSO::OP->scripted;
    my $browser = SSO::Browser->new;
    my $token = sub { redeem($browser, $op->issuer . '/token',
        $browser->get(authorize_url($op, $op->issuer . '/authorize'))->location_query->{code}) };
    $op->control({id_token => {claims => {exp => {'$now' => -3600}, aud => ['public', 'other']}, remove => ['iat'],
        alg => 'ES256', kid => undef}});
    my $claims = payload($token->()->json->{id_token});
    ok $claims->{exp} < time && !exists $claims->{iat} && ref $claims->{aud}, 'claims set and removed';
    $op->reset->control({token => {status => 500, next => [{redirect => 'http://127.0.0.1:9/steal', status => 307}]}});
    is $token->()->location, 'http://127.0.0.1:9/steal', 'one request by "next"';
    is $token->()->status, 500, 'then the rest';
    $op->reset->control({authorize => {remove => ['state'], set => {iss => '${iss}/'}, dup => {code => 'x'}}});
    my @list = SSO::Browser::query_of($browser->get(authorize_url($op, $op->issuer . '/authorize'))->location);
    is_deeply [grep { /^(?:code|state|iss)$/ } @list], [qw(code iss code)], 'answer parameters';
    $op->reset->control({jwks => {keys => ['k2'], tweak => {k2 => {use => undef}}, filler => 2}});
    my $keys = $browser->get($op->issuer . '/jwks', plain => 1)->json->{keys};
    is_deeply [map { $_->{kid} } @$keys], [qw(filler-0 filler-1 k2)], 'keys';
};

subtest 'the browser keeps and sends cookies as browsers do' => sub {
    my $jar = SSO::Browser::Jar->new;
    my $at = 'http://app.example.test/a/b';
    $jar->take($at, $_) for 'host=1; Path=/', 'wide=2; Domain=example.test; Path=/', 'deep=3', 'sec=4; Secure',
        '__Host-x=5; Path=/',
        'other=6; Domain=evil.test', 'gone=7; Max-Age=0', 'strict=8; Path=/; SameSite=Strict', 'none=9; SameSite=None';
    my @same = (same_site => 1, top => 1, safe => 1);
    is $jar->header('http://app.example.test/a/c', @same), 'deep=3; host=1; wide=2; strict=8', 'same host';
    is $jar->header('http://www.example.test/', @same), 'wide=2', 'Domain reaches a sibling, host-only does not';
    is $jar->header('http://app.example.test/', same_site => 0, top => 1, safe => 1), 'host=1; wide=2',
        'a cross-site link sends Lax only';
    is $jar->header('http://app.example.test/', same_site => 0, top => 1, safe => 0), undef,
        'a cross-site form nothing';
    is scalar(my @refused = $jar->refused), 4, 'the rest was refused' or diag explain [$jar->refused];
    $jar->take('https://app.example.test/', '__Host-y=1; Secure; Path=/');
    is $jar->header('https://app.example.test/z', @same), 'host=1; wide=2; strict=8; __Host-y=1',
        'a __Host- cookie over https';
};

subtest 'httpd starts on its own port, serves, restarts, and leaves nothing' => sub {
    my $httpd = SSO::Httpd->new(module => 0, conf => 'ProxyPass /app/ ${APP}/');
    my $upstream = SSO::Upstream->new;
    $httpd->conf($httpd->conf =~ s/\$\{APP\}/$upstream->origin/er);
    my ($ok, $said) = $httpd->configtest;
    ok $ok, 'configtest' or diag $said;
    $httpd->start;
    my $browser = SSO::Browser->new(keepalive => 1);
    like $browser->get($httpd->url('/'))->body, qr/public/, 'a file';
    my $page = $browser->post($httpd->url('/app/x?status=404'), body => 'hello', headers => {'X-Test' => 'é'});
    is $page->status, 404, 'status of the application';
    is sent($page)->{body}, 'hello', 'body through the proxy';
    is sent_header($page, 'X-Test'), 'é', 'header through the proxy, as UTF-8' or diag explain sent($page)->{raw};
    ok $httpd->graceful, 'graceful restart';
    is $browser->get($httpd->url('/'))->status, 200, 'serves after it';
    $httpd->conf('NoSuchDirective');
    ($ok, $said) = $httpd->configtest;
    ok !$ok && $said =~ /NoSuchDirective/, 'configtest says what is wrong';
    is_deeply [$httpd->stop], [], 'nothing left';
    ok !-e $httpd->root . '/run/httpd.pid', 'no pid file';
    is_deeply [$httpd->log->undeclared], [], 'a quiet log';
};

subtest 'the log gate tells what nobody declared' => sub {
    my $file = File::Temp->new;
    print $file map { "[Mon Jan 01 00:00:00.000000 2026] $_\n" } '[core:notice] [pid 1] fine', '[ssl:warn] [pid 1] W1',
        '[sso_oidc:error] [pid 1] SSO1: reason=x id=1', '[sso_oidc:warn] [pid 1] W2';
    print $file "==1==ERROR: AddressSanitizer\n";
    close $file;
    my $log = SSO::Log->new("$file")->allow(qr/W1/);
    ok $log->take(qr/reason=x/, 0), 'an expected line';
    is_deeply [map { /(W\d|Address)/ } $log->undeclared], ['W2', 'Address'], 'the rest';
};

done_testing;
