# SPDX-License-Identifier: Apache-2.0
# Metadata and key sets: a provider per case, so each one is fetched anew. A proxy in httpd's environment must not be used.
use lib 't/lib';
use SSO::Case;
use IO::Select;
use IO::Socket::IP;

sub disc { return {discovery => {@_}} }
sub set { return {discovery => {set => {@_}}} }
sub jwks { return {jwks => {@_}} }
sub tweak { return {jwks => {keys => ['k1'], tweak => {k1 => {@_}}}} }
my %nothing = (calls => {'/authorize' => 0, '/token' => 0, '/evil' => 0}, id => qr/SSO201/);
my %in_time = (check => sub { cmp_ok $_[0]{seconds}, '<', 10, 'in time' });
my %odd = (number => 12, array => [], object => {}, true => true, list => ['https://op.example/x']);
my %bad_url = (file => 'file:///etc/passwd', gopher => 'gopher://127.0.0.1:70/x', ftp => 'ftp://127.0.0.1/x', script => 'javascript:alert(1)',
    data => 'data:text/html,x', http => 'http://op.example/x', 'http-metadata-service' => 'http://169.254.169.254/x', relative => '/x', 'no-scheme' => '//127.0.0.1/x',
    'no-host' => 'https:///x', 'bad-port' => 'https://op.example:99999/x', 'port-zero-text' => 'https://op.example:x/', userinfo => 'https://user:pw@op.example/x',
    blank => 'https://op.example/ x', newline => "https://op.example/\r\nX-Evil: 1", backslash => 'https:\\\\op.example\\x', placeholder => 'https://{tenant}.op.example/x',
    unix => 'unix:///var/run/docker.sock');

sub each_endpoint {
    my ($endpoint) = @_;
    my $short = $endpoint =~ s/_(?:endpoint|uri)//r;
    return (
        ["disc-$short-missing", 'reject disc-endpoint-missing', disc(remove => [$endpoint]), %nothing],
        ["disc-$short-null", 'reject disc-endpoint-missing', set($endpoint => undef), %nothing],
        ["disc-$short-empty", 'reject disc-endpoint-missing', set($endpoint => ''), %nothing],
        (map { ["disc-$short-$_", 'reject disc-endpoint-type', set($endpoint => $odd{$_}), %nothing] } sort keys %odd),
        (map { ["disc-$short-$_", 'reject disc-endpoint-url', set($endpoint => $bad_url{$_}), %nothing] } sort keys %bad_url),
        ["disc-$short-fragment", 'reject disc-endpoint-fragment', set($endpoint => "\${origin}/x#y"), %nothing],
    );
}

# A login, a change of the provider's mind, and another browser's login.
sub twice {
    my (@change) = @_;
    return sub {
        my ($case) = @_;
        is login($case->{site}, $case->{path}, browser => $case->{site}->new_browser)->status, 200, 'the first login';
        $case->{op}->control($_) for @change;
        return login($case->{site}, $case->{path}, browser => $case->{browser});
    };
}

my $certs = File::Temp->newdir('sso-tls-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$certs";
my $authority = SSO::Tls->new("$certs");
sub tls_op { my ($leaf, %more) = @_; return SSO::OP->scripted({tls => {%$leaf, %more}}) }
my %tls = (
    good => tls_op($authority->leaf('good', names => ['127.0.0.1'])),
    expired => tls_op($authority->leaf('expired', names => ['127.0.0.1'], expired => 1)),
    host => tls_op($authority->leaf('host', names => ['other.example'])),
    self => tls_op($authority->leaf('self', names => ['127.0.0.1'], self_signed => 1)),
    old => tls_op($authority->leaf('old', names => ['127.0.0.1']), min => 'TLSv1', max => 'TLSv1.1'),
);
sub tls_case { my ($id, $outcome, $which) = @_; return [$id, $outcome, {}, own => 1, browser => {verify => 0}, issuer => sub { $tls{$which}->issuer }] }

my @rows = (
    # the issuer
    ['disc-issuer-mismatch oidcc-client-test-discovery-issuer-mismatch discovery-issuer-mismatch', 'reject disc-issuer-mismatch',
        set(issuer => 'https://evil.example'), %nothing],
    ['disc-issuer-missing', 'reject disc-issuer-missing', disc(remove => ['issuer']), %nothing],
    ['disc-issuer-null', 'reject disc-issuer-missing', set(issuer => undef), %nothing],
    ['disc-issuer-empty', 'reject disc-issuer-mismatch', set(issuer => ''), %nothing],
    (map { ["disc-issuer-$_", 'reject disc-issuer-missing', set(issuer => $odd{$_}), %nothing] } sort keys %odd),
    ['disc-issuer-slash', 'reject disc-issuer-slash', set(issuer => '${iss}/'), %nothing],
    ['disc-issuer-slash-configured', 'reject disc-issuer-slash', set(x => 1), %nothing, issuer => sub { $_[0]->origin . "/$_[1]/" }],
    ['disc-idn-host', 'reject disc-issuer-mismatch', set(issuer => 'HTTP://127.0.0.1:${port}/'), %nothing],
    ['disc-issuer-localhost', 'reject disc-issuer-mismatch', set(issuer => 'http://localhost:${port}/'), %nothing],
    ['disc-issuer-prefix', 'reject disc-issuer-mismatch', set(issuer => '${iss}2'), %nothing],
    ['disc-issuer-blank', 'reject disc-issuer-mismatch', set(issuer => ' ${iss}'), %nothing],
    ['disc-issuer-template', 'reject disc-issuer-template', set(issuer => 'https://login.example/{tenantid}/v2.0'), %nothing],
    ['disc-path-issuer', 'accept', set(x => 1), check => sub {
        my ($asked) = map { $_->{path} } @{$_[0]{requests}};
        is $asked, "/$_[0]{name}/.well-known/openid-configuration", 'behind the path';
    }],

    # the document
    ['disc-array', 'reject disc-json', disc(wrap => 'array'), %nothing],
    ['disc-empty', 'reject disc-status', disc(body => ''), %nothing],
    ['disc-html', 'reject disc-json', disc(body => '<html></html>', type => 'text/html'), %nothing],
    ['disc-string', 'reject disc-json', disc(body => '"x"'), %nothing],
    ['disc-null', 'reject disc-json', disc(body => 'null'), %nothing],
    ['disc-trailing', 'reject disc-json', disc(suffix => '{}'), %nothing],
    ['disc-twice-issuer', 'reject disc-json', disc(append => '"issuer":"${iss}"'), %nothing],
    ['disc-twice-token-endpoint', 'reject disc-json', disc(append => '"token_endpoint":"https://evil.example/"'), %nothing],
    ['disc-deep', 'reject disc-json', set(x => {'$nest' => 50000}), %nothing],
    ['disc-many-values', 'reject disc-json', set(x => {'$list' => ['', 70000]}), %nothing],
    ['disc-bad-utf8', 'reject disc-json', set(x => {'$bytes' => 'ff'}), %nothing],
    ['disc-nul', 'reject disc-json', set(x => "a\0b"), %nothing],
    ['disc-utf16', 'reject disc-json', disc(charset => 'utf16'), %nothing],
    ['jwks-bom-utf16', 'reject disc-json', disc(charset => 'bom'), %nothing],
    ['disc-300k', 'reject fetch-too-large', set(x => {'$repeat' => ['x', 300000]}), %nothing],
    ['disc-200k', 'accept', set(x => {'$repeat' => ['x', 200000]})],
    ['disc-type-charset', 'accept', disc(type => 'application/json;charset=UTF-8')],
    ['disc-type-octets', 'accept', disc(type => 'application/octet-stream')],
    ['disc-type-absent', 'accept', disc(type => '')],

    # status and transfer
    ['disc-404', 'reject disc-status', disc(status => 404), %nothing],
    ['disc-500', 'reject disc-status', disc(status => 500), %nothing],
    ['disc-201', 'reject disc-status', disc(status => 201), %nothing],
    ['disc-204', 'reject disc-status', disc(status => 204), %nothing],
    ['disc-redirect-file', 'reject disc-status', disc(redirect => 'file:///etc/passwd'), %nothing],
    ['disc-redirect-http', 'reject disc-status', disc(redirect => '${origin}/evil/'), %nothing],
    ['disc-redirect-301-with-body', 'reject disc-status', disc(redirect => '${origin}/evil/', status => 301), %nothing],
    ['disc-redirect-308', 'reject disc-status', disc(redirect => '${origin}/evil/', status => 308), %nothing],
    ['disc-endless', 'reject fetch-too-large', disc(endless => true), %nothing, %in_time],
    ['disc-slow-drip', 'reject fetch-timeout', disc(drip => [1, 2000]), %nothing, %in_time, status => qr/^504$/],
    ['disc-hang', 'reject fetch-timeout', disc(hang => true), %nothing, %in_time, status => qr/^504$/],
    ['disc-cut', 'reject fetch-failed', disc(cut => 100), %nothing],
    ['disc-reset', 'reject fetch-failed', disc(reset => true), %nothing],
    ['disc-gzip', 'reject fetch-failed|disc-json|fetch-coding', disc(headers => {'content-encoding' => 'gzip'}), %nothing],
    ['disc-down', 'reject fetch-connect', {}, own => 1, id => qr/SSO201/, status => qr/^502$/, issuer => sub { 'http://127.0.0.1:1/x' }],
    ['disc-no-such-host', 'reject fetch-connect|fetch-dns', {}, own => 1, id => qr/SSO201/, issuer => sub { 'http://nobody-is-here.localhost:1/' }],

    # endpoints
    ['disc-token-file', 'reject disc-endpoint-url', set(token_endpoint => 'file:///etc/passwd'), %nothing],
    ['disc-token-gopher', 'reject disc-endpoint-url', set(token_endpoint => 'gopher://127.0.0.1:${port}/evil'), %nothing],
    ['disc-authz-fragment', 'reject disc-endpoint-fragment', set(authorization_endpoint => '${origin}/x#?'), %nothing],
    ['disc-jwks-missing', 'reject disc-endpoint-missing', disc(remove => ['jwks_uri']), %nothing],
    ['disc-wrong-types', 'reject disc-endpoint-type', set(authorization_endpoint => 1, token_endpoint => [], jwks_uri => {}), %nothing],
    (map { each_endpoint($_) } qw(authorization_endpoint token_endpoint jwks_uri)),
    ['disc-optional-empty', 'accept', set(userinfo_endpoint => '', end_session_endpoint => '', revocation_endpoint => '', introspection_endpoint => '')],
    ['disc-revocation-http', 'accept', set(revocation_endpoint => 'http://op.example/x', introspection_endpoint => '/relative')],
    (map { my $endpoint = $_; map { ["disc-$endpoint-$_", 'reject disc-endpoint-type', set("${endpoint}_endpoint" => $odd{$_}), %nothing] } sort keys %odd }
        qw(userinfo end_session)),
    ['disc-userinfo-http', 'reject disc-endpoint-url', set(userinfo_endpoint => 'http://op.example/userinfo'), %nothing],
    ['disc-userinfo-null', 'accept', set(userinfo_endpoint => undef), calls => {'/userinfo' => 0}],
    ['disc-userinfo-missing', 'accept', disc(remove => ['userinfo_endpoint']), calls => {'/userinfo' => 0}],
    ['disc-other-origin', 'accept', set(token_endpoint => 'http://localhost:${port}/c1/token', x => 1), own => 1, issuer => sub { $_[0]->origin . '/c1' }],
    ['disc-metadata-override', 'accept', set(token_endpoint => '${origin}/evil/token', userinfo_endpoint => '${origin}/evil/userinfo'),
        conf => sub { "SSOEndpoint token @{[$_[0]->origin]}/$_[1]/token\nSSOEndpoint userinfo none" }, calls => {'/evil/token' => 0, '/userinfo' => 0}],
    ['disc-metadata-override-none', 'accept', set(userinfo_endpoint => 12), conf => 'SSOEndpoint userinfo none'],

    # the other members
    ['disc-only-implicit', 'reject disc-response-types', set(response_types_supported => ['token']), %nothing],
    ['disc-only-id-token', 'reject disc-response-types', set(response_types_supported => ['id_token', 'id_token token']), %nothing],
    ['disc-response-types-empty', 'reject disc-response-types', set(response_types_supported => []), %nothing],
    ['disc-response-types-text', 'reject disc-member-type', set(response_types_supported => 'code'), %nothing],
    ['disc-response-types-numbers', 'reject disc-member-type', set(response_types_supported => [1]), %nothing],
    ['disc-response-types-missing', 'accept', disc(remove => ['response_types_supported'])],
    ['disc-algs-text', 'reject disc-member-type', set(id_token_signing_alg_values_supported => 'RS256'), %nothing],
    ['disc-algs-mixed', 'reject disc-member-type', set(id_token_signing_alg_values_supported => ['RS256', 1]), %nothing],
    ['disc-algs-missing', 'accept', disc(remove => ['id_token_signing_alg_values_supported'])],
    ['disc-algs-null', 'accept', set(id_token_signing_alg_values_supported => undef)],
    ['disc-algs-empty', 'accept', set(id_token_signing_alg_values_supported => [])],
    ['disc-algs-with-none', 'accept', set(id_token_signing_alg_values_supported => ['none', 'RS256', 'XY999'])],
    ['disc-algs-only-hmac', 'reject verify-no-alg', set(id_token_signing_alg_values_supported => ['none', 'HS256'])],
    ['disc-algs-none-and-token-none', 'reject jws-alg-none', {%{set(id_token_signing_alg_values_supported => ['none'])}, id_token => {alg => 'none', signature_hex => ''}}],
    ['disc-iss-flag-text', 'reject disc-member-type', set(authorization_response_iss_parameter_supported => 'true'), %nothing],
    ['disc-iss-flag-number', 'reject disc-member-type', set(authorization_response_iss_parameter_supported => 1), %nothing],
    ['disc-iss-flag-null', 'accept', set(authorization_response_iss_parameter_supported => undef)],
    ['par-required-unsupported', 'accept', set(require_pushed_authorization_requests => true), check => sub { is scalar($_[0]{op}->requests("$_[0]{name}/par")), 1, 'pushed' }],
    ['disc-par-required-nowhere', 'reject authreq-par-required', disc(set => {require_pushed_authorization_requests => true}, remove => ['pushed_authorization_request_endpoint']), %nothing],
    ['disc-par-flag-text', 'reject disc-member-type', set(require_pushed_authorization_requests => 'yes'), %nothing],
    ['disc-pkce-hidden', 'accept', disc(remove => ['code_challenge_methods_supported']), check => sub { is_deeply [$_[0]{op}->failures], [], 'PKCE all the same' }],
    ['req-plain-never', 'accept', set(code_challenge_methods_supported => ['plain']), check => sub { is_deeply [$_[0]{op}->failures], [], 'S256 all the same' }],
    ['disc-pkce-odd', 'accept', set(code_challenge_methods_supported => 'none')],
    ['disc-unused-odd', 'accept', set(claims_supported => 'x', scopes_supported => 1, acr_values_supported => undef, service_documentation => [],
        ui_locales_supported => {}, check_session_iframe => 12, op_policy_uri => 'javascript:x', registration_endpoint => 5, grant_types_supported => 'x',
        subject_types_supported => 1, mtls_endpoint_aliases => 'x', device_authorization_endpoint => {}, frontchannel_logout_supported => 'x',
        token_endpoint_auth_methods_supported => 7, backchannel_logout_supported => 'x', request_parameter_supported => 'x')],
    ['disc-signed-metadata', 'accept', set(signed_metadata => 'e30.e30.x')],

    # key sets
    ['oidcc-client-test-discovery-openid-config oidcc-client-test-discovery-jwks-uri-keys', 'accept', set(jwks_uri => '${origin}/c2/jwks', x => 1)],
    ['jwks-404', 'reject jwks-status', jwks(status => 404)],
    ['jwks-302', 'reject jwks-status', jwks(redirect => '${origin}/evil/jwks'), calls => {'/evil/jwks' => 0, '/token' => 0}],
    ['jwks-204', 'reject jwks-status', jwks(status => 204)],
    ['jwks-hang', 'reject fetch-timeout', jwks(hang => true), %in_time],
    ['jwks-endless', 'reject fetch-too-large', jwks(endless => true), %in_time],
    ['jwks-body-empty', 'reject jwks-status', jwks(body => '')],
    ['jwks-array', 'reject jwks-syntax', jwks(wrap => 'array')],
    ['jwks-no-keys-member', 'reject jwks-no-keys-member', jwks(json => {})],
    ['jwks-keys-null', 'reject jwks-no-keys-member', jwks(json => {keys => undef})],
    ['jwks-keys-object', 'reject jwks-no-keys-member', jwks(json => {keys => {}})],
    ['jwks-keys-text', 'reject jwks-no-keys-member', jwks(json => {keys => 'k1'})],
    ['jwks-keys-junk', 'reject jwks-empty', jwks(json => {keys => [undef, 1, 'x', [], {}, true]})],
    ['jwks-keys-twice', 'reject jwks-syntax', jwks(append => '"keys":[]')],
    ['jwks-trailing', 'reject jwks-syntax', jwks(suffix => '{}')],
    ['jwks-utf16', 'reject jwks-syntax', jwks(charset => 'utf16')],
    ['jwks-deep', 'reject jwks-syntax', jwks(set => {x => {'$nest' => 50000}})],
    ['jwks-2mb', 'reject fetch-too-large', jwks(set => {x => {'$repeat' => ['x', 2 << 20]}})],
    ['jwks-1100-keys', 'reject jwks-too-many', jwks(filler => 1100)],
    ['ok-jwks-500-keys', 'accept', jwks(filler => 500)],
    ['jwks-content-type', 'accept', jwks(type => 'application/jwk-set+json')],
    ['jwks-content-type-plain', 'accept', jwks(type => 'text/plain')],
    ['jwks-content-type-absent', 'accept', jwks(type => '')],
    ['jwks-mixed-set', 'accept', jwks(extra => [{kty => 'oct', kid => 'mac', k => 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY'}, {kty => 'oct', k => ''},
        {kty => 'AKP', kid => 'pq', alg => 'ML-DSA-44', pub => 'AAAA'}, {kty => 'LWE'}, {kty => 12}, {}, undef, 'x', ['k'], {kty => 'RSA'}, {kty => 'EC', crv => 'secp256k1', x => 'AA', y => 'AA'},
        {kty => 'OKP', crv => 'X25519', x => 'AAAA'}, {kty => 'RSA', n => 12, e => []}, {kty => 'rsa', kid => 'k1'}])],
    ['jwks-private', 'accept', jwks(keys => ['k1'], private => ['k2'])],
    ['jwks-private-ours', 'reject jwks-empty', jwks(keys => [], private => ['k1'])],
    ['jwks-x5c-junk', 'accept', tweak(x5c => ['junk', 1], x5t => 12, 'x5t#S256' => [], x5u => 'http://169.254.169.254/')],
    ['jwks-unknown-members', 'accept', tweak(foo => {bar => [undef]}, exp => 1, nbf => 'x', iat => {})],
    ['jwks-use-absent', 'accept', tweak(use => undef)],
    ['jwks-use-array', 'reject jwks-empty', tweak(use => ['sig'])],
    ['jwks-use-upper', 'reject jwks-alg-mismatch', tweak(use => 'SIG')],
    ['jwks-key-ops-verify', 'accept', tweak(key_ops => ['verify', 'x'])],
    ['jwks-key-ops-text', 'reject jwks-empty', tweak(key_ops => 'verify')],
    ['jwks-alg-fits', 'accept', tweak(alg => 'RS256')],
    ['jwks-alg-other', 'reject jwks-alg-mismatch', tweak(alg => 'RS512')],
    ['jwks-alg-oaep', 'reject jwks-alg-mismatch', tweak(alg => 'RSA-OAEP')],
    ['jwks-alg-number', 'reject jwks-empty', tweak(alg => 256)],
    ['jwks-kid-absent', 'reject jwks-unknown-kid', tweak(kid => undef)],
    ['jwks-kid-number', 'reject jwks-empty', tweak(kid => 1)],
    ['jwks-kid-absent-both', 'accept', {%{tweak(kid => undef)}, id_token => {kid => undef}}],
    ['jwks-kid-long', 'reject jwks-empty', tweak(kid => 'k' x 5000)],
    ['oidcc-client-test-kid-absent-single-jwks ok-kid-absent-one-key', 'accept', {jwks => {keys => ['k1']}, id_token => {kid => undef}}],
    ['jwks-same-key-twice', 'accept', jwks(keys => ['k1', 'k1'])],
    ['jwks-same-kid-other-type', 'accept', jwks(keys => ['ec256', 'k1'], tweak => {ec256 => {kid => 'k1'}})],
    ['jwks-rsa4096', 'accept', {jwks => {keys => ['rsa4096']}, id_token => {key => 'rsa4096'}}],
    ['jwks-e-leading-zero', 'accept', tweak(e => 'AAEAAQ')],
    ['jwks-n-padded', 'reject jwks-empty', tweak(n => 'AAAA' x 85 . 'AA==')],
    ['jwks-kty-missing', 'reject jwks-empty', tweak(kty => undef)],
    ['jwks-kty-lower', 'reject jwks-empty', tweak(kty => 'rsa')],
    ['jwks-n-missing', 'reject jwks-empty', tweak(n => undef)],

    # over time
    ['ok-key-rotation oidcc-client-test-signing-key-rotation', 'accept', {jwks => {keys => ['k1']}},
        go => twice({jwks => {keys => ['k2']}, id_token => {key => 'k2'}}), calls => {'/jwks' => 2}],
    ['key-rotation-without-kid', 'accept', {jwks => {keys => ['ec256']}, id_token => {alg => 'ES256', kid => undef}},
        go => twice({jwks => {keys => ['k2']}, id_token => {alg => 'RS256', key => 'k2', kid => undef}})],
    ['key-rotation-endpoint-down', 'reject jwks-unknown-kid', {jwks => {keys => ['k1']}}, check => sub { }, own => 1,
        go => sub {
            my ($case) = @_;
            my $page = twice({jwks => {status => 500}, id_token => {key => 'k2'}})->($case);
            $case->{site}->upstream->_call(POST => '/_reset');
            return $page;
        }],
    ['jwks-stale', 'accept', {jwks => {keys => ['k1']}}, go => twice({jwks => {status => 500}, discovery => {status => 500}}), calls => {'/jwks' => 1, '/openid-configuration' => 1}],
    ['jwks-cache-control', 'accept', {jwks => {headers => {'cache-control' => 'no-store, max-age=0'}}, discovery => {headers => {'cache-control' => 'max-age=0'}}},
        go => twice({}), calls => {'/jwks' => 1, '/openid-configuration' => 1}],
    ['jwks-unknown-kid-flood', 'reject jwks-unknown-kid', {id_token => {key => 'attacker'}}, own => 1, go => sub {
        my ($case) = @_;
        for (1 .. 7) {
            login($case->{site}, $case->{path}, browser => $case->{site}->new_browser);
            $case->{site}->log->take(qr/reason=jwks-unknown-kid/, 2);
        }
        $case->{mark} = log_lines();
        return login($case->{site}, $case->{path}, browser => $case->{browser});
    }, check => sub {
        my @jwks = grep { $_->{path} =~ /jwks$/ } @{$_[0]{requests}};
        cmp_ok scalar(@jwks), '<=', 4, 'eight forged keys cost the provider at most four calls' or diag scalar @jwks;
    }],
    ['jwks-herd', 'accept', {discovery => {delay => 300}}, go => sub {
        my ($case) = @_;
        my $host = '127.0.0.1:' . $case->{site}->httpd->port;
        my @sockets = map { IO::Socket::IP->new(PeerAddr => $host) } 1 .. 30;
        syswrite $_, "GET $case->{path} HTTP/1.1\r\nHost: $host\r\nAccept: text/html\r\nConnection: close\r\n\r\n" for @sockets;
        my @answers = map { my $s = $_; local $/; IO::Select->new($s)->can_read(10) ? scalar <$s> : '' } @sockets;
        my $sent = grep { /^HTTP\/1.1 302/ } @answers;
        my $busy = grep { /^HTTP\/1.1 503/ } @answers;
        is $sent + $busy, 30, 'all are answered';
        cmp_ok $sent, '>', 0, 'and sent to the provider';
        $case->{site}->log->take(qr/reason=fetch-busy/, 0) for 1 .. $busy;
        return login($case->{site}, $case->{path}, browser => $case->{browser});
    }, check => sub {
        my @fetched = grep { $_->{path} =~ /openid-configuration/ } @{$_[0]{requests}};
        cmp_ok scalar(@fetched), '<=', 2, 'one fetch a process';
    }],

    # TLS
    tls_case('tls-good', 'accept', 'good'),
    tls_case('disc-tls-bad', 'reject fetch-tls', 'expired'),
    tls_case('disc-tls-wrong-host', 'reject fetch-tls', 'host'),
    tls_case('disc-tls-self-signed', 'reject fetch-tls', 'self'),
    tls_case('disc-tls-old', 'reject fetch-tls', 'old'),
    ['disc-proxy-env', 'accept', set(x => 1)],
);
case_site(\@rows, snippet => "SSOTimeout 2 3\nSSOCAFile @{[$authority->ca]}\n",
    httpd => {env => {map { $_ => 'http://127.0.0.1:1' } qw(http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY)}});
run_cases(@rows);
done_cases;
$_->stop for values %tls;
