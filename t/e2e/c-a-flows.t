# SPDX-License-Identifier: Apache-2.0
# The certification plans for relying parties: the ways an answer can come (code, posted, ID Token, both), with an ID Token
# in the browser's hands; and logins that simply have to work.
use lib 't/lib';
use SSO::Case;

my %implicit = (conf => 'SSOResponseType id_token');
my %hybrid = (conf => 'SSOResponseType "code id_token"');
my %posted = (conf => 'SSOResponseType code form_post');
sub front { return {front_id_token => {@_}} }
sub claim { return {front_id_token => {claims => {@_}}} }
my $fine = sub { is_deeply [$_[0]{op}->failures], [], 'the provider had nothing to complain of' };
my %before = (calls => {'/token' => 0, '/userinfo' => 0});
sub asked { my ($case) = @_; my ($r) = grep { $_->{path} =~ m{/authorize$} } @{$case->{requests}}; return $r->{query} }

run_cases(
    # code
    ['oidcc-client-test ok-rs256 oidcc-client-test-idtoken-sig-rs256', 'accept', {}, check => $fine],
    ['ok-es256 rp-id_token-sig-es256', 'accept', {id_token => {alg => 'ES256'}}],
    ['ok-ps256', 'accept', {id_token => {alg => 'PS256'}}],
    ['ok-eddsa', 'accept', {id_token => {alg => 'EdDSA'}}],
    ['oidcc-client-test-client-secret-basic', 'accept', {}, client => 'basic', check => $fine],
    ['rp-token_endpoint-client_secret_post', 'accept', {}, client => 'post', check => $fine],
    ['ok-client-secret-jwt', 'accept', {}, client => 'jwt', check => $fine],
    ['rp-id_token-sig-hs256', 'accept', {id_token => {alg => 'HS256'}, discovery => {set => {id_token_signing_alg_values_supported => ['HS256']}}}, client => 'post',
        conf => 'SSOSigningAlgs HS256'],
    ['ok-hs256-beside-rs256', 'accept', {id_token => {alg => 'HS256'}, discovery => {set => {id_token_signing_alg_values_supported => ['RS256', 'HS256']}}},
        client => 'post', conf => 'SSOSigningAlgs RS256 HS256'],
    ['oidcc-client-test-scope-userinfo-claims ok-userinfo oidcc-client-test-userinfo-bearer-header', 'accept',
        {id_token => {remove => ['email', 'name']}, userinfo => {set => {phone_number => '+49 1', address => {country => 'DE'}}}},
        conf => 'SSOScope "openid profile email phone address"', check => sub {
            my ($case) = @_;
            is sent_header($case->{page}, 'X-SSO-Email'), 'alice@example.com', 'what only userinfo says arrives';
            is sent_header($case->{page}, 'X-SSO-Address-Country'), 'DE', 'structured, too';
            is asked($case)->{scope}, 'openid profile email phone address', 'the scopes were asked for';
            my ($r) = grep { $_->{path} =~ /userinfo/ } @{$case->{requests}};
            like $r->{headers}{authorization}, qr/^Bearer \S+$/, 'with the token in the header';
            ok !%{$r->{query}}, 'and nowhere else';
        }],
    ['rp-claims_request-id_token rp-claims_request-userinfo', 'accept', {},
        conf => q(SSOAuthParam claims "{\"id_token\":{\"name\":null},\"userinfo\":{\"email\":{\"essential\":true}}}"),
        check => sub { is asked($_[0])->{claims}, '{"id_token":{"name":null},"userinfo":{"email":{"essential":true}}}', 'the claims parameter is sent as configured' }],

    # posted code
    ['ok-form-post', 'accept', {}, %posted, check => sub {
        my ($case) = @_;
        is asked($case)->{response_mode}, 'form_post', 'asked for';
        is asked($case)->{response_type}, 'code', 'for a code';
        $fine->($case);
    }],
    ['form-post-answered-by-query', 'reject response-mode', {authorize => {mode => 'query'}}, %posted, %before],
    ['oidcc-client-test-form-post-error', 'reject provider-login-required', {authorize => {error => 'login_required', error_description => '<b>'}}, %posted, %before],
    ['form-post-iss-wrong', 'reject iss-mismatch', {authorize => {set => {iss => 'https://evil.example'}}}, %posted, %before],
    ['form-post-state-twice', 'reject param-duplicate', {authorize => {dup => {state => 'x'}}}, %posted, %before],

    # id_token
    ['rp-response_mode-form_post ok-implicit', 'accept', {}, %implicit, calls => {'/token' => 0, '/userinfo' => 0}, check => sub {
        my ($case) = @_;
        my $asked = asked($case);
        is $asked->{response_type}, 'id_token', 'asked for an ID Token';
        is $asked->{response_mode}, 'form_post', 'to be posted';
        like $asked->{nonce}, qr/^[\w-]{43}$/, 'with a nonce';
        $fine->($case);
    }],
    ['oidcc-client-test-nonce-unless-code-flow', 'reject idt-nonce-missing', front(remove => ['nonce']), %implicit, %before],
    ['implicit-nonce-wrong', 'reject idt-nonce', claim(nonce => 'x' x 43), %implicit, %before],
    ['implicit-no-id-token', 'reject id-token-missing', {authorize => {remove => ['id_token']}}, %implicit],
    ['implicit-id-token-empty', 'reject id-token-missing', {authorize => {set => {id_token => ''}}}, %implicit],
    ['implicit-id-token-twice', 'reject param-duplicate', {authorize => {dup => {id_token => 'e30.e30.e30'}}}, %implicit],
    ['implicit-junk', 'reject jws-parts', front(raw => 'junk'), %implicit],
    ['implicit-newline', 'reject jws-base64', front(tamper => 'newline'), %implicit],
    ['implicit-signature', 'reject jws-signature', front(tamper => 'signature'), %implicit],
    ['implicit-alg-none', 'reject jws-alg-none', front(alg => 'none', signature_hex => ''), %implicit],
    ['implicit-with-code', 'reject response-type-mixed', {authorize => {set => {code => 'x'}}}, %implicit, %before],
    ['implicit-with-access-token', 'reject response-type-mixed', {authorize => {set => {access_token => 'x'}}}, %implicit, %before],
    ['implicit-old', 'reject idt-iat', claim(iat => {'$now' => -3600}), %implicit],
    ['implicit-aud-wrong', 'reject idt-aud', claim(aud => 'other'), %implicit],
    ['implicit-iss-wrong', 'reject idt-iss', claim(iss => 'https://evil.example'), %implicit],
    ['implicit-expired', 'reject idt-exp', claim(exp => {'$now' => -3600}), %implicit],
    ['implicit-fragment', 'reject state-missing', {authorize => {mode => 'fragment'}}, %implicit],
    ['implicit-query', 'reject response-mode', {authorize => {mode => 'query'}}, %implicit],
    ['implicit-error', 'reject provider-access-denied', {authorize => {error => 'access_denied'}}, %implicit, status => qr/^403$/],
    ['implicit-big', 'reject body-too-large|callback-too-large', claim(x => {'$repeat' => ['x', 100000]}), %implicit],
    ['implicit-replay-in-other-browser', 'reject idt-nonce', {}, %implicit, go => sub {
        my ($case) = @_;
        my ($one, $two) = ($case->{browser}, $case->{site}->new_browser);
        my @form = map { $_->follow($_->get($case->{site}->url($case->{path}))) } $one, $two;
        my ($stolen) = $form[1]->body =~ /name="id_token" value="([^"]+)"/;
        return $one->submit($form[0], {id_token => $stolen});
    }],

    # code id_token
    ['ok-hybrid', 'accept', {}, %hybrid, calls => {'/token' => 1, '/userinfo' => 1}, check => $fine],
    ['at-hash-wrong-hybrid oidcc-client-test-invalid-athash', 'reject idt-at-hash', claim(at_hash => 'A' x 22), %hybrid, calls => {'/userinfo' => 0}],
    ['c-hash-wrong oidcc-client-test-invalid-chash', 'reject idt-c-hash', claim(c_hash => 'A' x 22), %hybrid, %before],
    ['c-hash-missing oidcc-client-test-missing-chash', 'reject idt-c-hash-missing', front(remove => ['c_hash']), %hybrid, %before],
    ['c-hash-number', 'reject idt-c-hash-type', claim(c_hash => 1), %hybrid, %before],
    ['c-hash-null', 'reject idt-c-hash-type', claim(c_hash => undef), %hybrid, %before],
    ['hybrid-code-changed', 'reject idt-c-hash', {authorize => {set => {code => 'another'}}}, %hybrid, %before],
    ['hybrid-no-code', 'reject code-missing', {authorize => {remove => ['code']}}, %hybrid, %before],
    ['hybrid-no-id-token', 'reject id-token-missing', {authorize => {remove => ['id_token']}}, %hybrid, %before],
    ['hybrid-nonce-wrong', 'reject idt-nonce', claim(nonce => 'x'), %hybrid, %before],
    ['hybrid-signature', 'reject jws-signature', front(tamper => 'signature'), %hybrid, %before],
    ['hybrid-iss-differs', 'reject idt-iss', {id_token => {claims => {iss => 'https://evil.example'}}, front_id_token => {claims => {iss => '${iss}'}}}, %hybrid],
    ['hybrid-sub-differs', 'reject idt-sub-changed', {id_token => {claims => {sub => 'mallory'}}, front_id_token => {claims => {sub => 'alice'}}}, %hybrid],
    ['hybrid-nonce-differs', 'reject idt-nonce', {id_token => {claims => {nonce => 'x'}}, front_id_token => {claims => {nonce => '${nonce}'}}}, %hybrid],
    ['hybrid-second-unsigned', 'reject jws-signature-length', {id_token => {tamper => 'strip'}, front_id_token => {tamper => 'no'}}, %hybrid],
    ['hybrid-access-token', 'reject response-type-mixed', {authorize => {set => {access_token => 'x'}}}, %hybrid, %before],
    ['rp-response_type-*', 'accept', {}, %hybrid],

    # controls
    ['ok-big-idtoken', 'accept', {user => {groups => [map { "group-number-$_-of-the-company" } 1 .. 200]}},
        check => sub { is scalar(split /,/, sent_header($_[0]{page}, 'X-SSO-Groups')), 200, 'all arrive' }],
    ['ok-sid-absent', 'accept', {id_token => {remove => ['sid', 'auth_time']}}],
    ['ok-other-clock', 'accept', {id_token => {claims => {iat => {'$now' => 30}, exp => {'$now' => 900}}}}],
    ['ok-slow-op', 'accept', {discovery => {delay => 2000}, jwks => {delay => 2000}, token => {delay => 2000}, userinfo => {delay => 2000}}],
);
done_cases;
