# SPDX-License-Identifier: Apache-2.0
# The token endpoint: answers that are late, endless, wrong, of another kind, or somewhere else.
use lib 't/lib';
use SSO::Case;

sub token { return {token => {@_}} }
sub set { return {token => {set => {@_}}} }
sub type { return {token => {type => $_[0]}} }
sub error { my ($error, %more) = @_; return {token => {status => 400, json => {error => $error}, %more}} }
my $quick = sub { cmp_ok $_[0]{seconds}, '<', 9, 'in time' };
my %nowhere = (calls => {'/evil' => 0, '/userinfo' => 0});

my @rows = (
    # elsewhere
    ['token-302-steal', 'reject token-status', token(redirect => '${origin}/main/evil'), %nowhere],
    ['token-303', 'reject token-status', token(redirect => '${origin}/main/evil', status => 303), %nowhere],
    ['token-307', 'reject token-status', token(redirect => '${origin}/main/evil', status => 307), %nowhere],
    ['token-308', 'reject token-status', token(redirect => 'http://127.0.0.1:1/', status => 308), %nowhere],
    ['token-302-no-location', 'reject token-status', token(status => 302), %nowhere],
    ['token-300', 'reject token-status', token(status => 300), %nowhere],
    ['token-refresh-header', 'accept', token(headers => {refresh => '0; url=${origin}/main/evil'}), calls => {'/evil' => 0}],

    # status
    ['token-201', 'reject token-status', token(status => 201)],
    ['token-202', 'reject token-status', token(status => 202)],
    ['token-204', 'reject token-status', token(status => 204)],
    ['token-206', 'reject token-status', token(status => 206)],
    ['token-400-with-tokens', 'reject token-status', token(status => 400)],
    ['token-404-html', 'reject token-status', token(status => 404, body => '<h1>no</h1>', type => 'text/html')],
    ['token-500', 'reject token-status', token(status => 500, body => 'oops', type => 'text/plain')],
    ['token-503', 'reject token-status', token(status => 503, headers => {'retry-after' => '120'}, body => '')],
    ['token-999', 'reject token-status', token(status => 999)],

    # errors
    ['token-invalid-client', 'reject token-invalid-client', error('invalid_client', status => 401)],
    ['token-invalid-grant', 'reject token-invalid-grant', error('invalid_grant')],
    ['token-invalid-request', 'reject token-invalid-request', error('invalid_request')],
    ['token-unauthorized-client', 'reject token-unauthorized-client', error('unauthorized_client')],
    ['token-server-error', 'reject token-server-error', error('server_error', status => 500)],
    ['dpop-nonce-without-dpop', 'reject token-use-dpop-nonce', error('use_dpop_nonce', headers => {'dpop-nonce' => 'abc'})],
    ['token-error-unknown', 'reject token-error', error('we_are_closed')],
    ['token-200-error', 'reject token-invalid-grant', error('invalid_grant', status => 200)],
    ['token-200-error-with-tokens', 'reject token-server-error', set(error => 'server_error')],
    ['token-error-number', 'reject token-error', set(error => 12)],
    ['token-error-object', 'reject token-error', set(error => {code => 5, message => 'no'})],
    ['token-error-array', 'reject token-error', set(error => ['x'])],
    ['token-error-true', 'reject token-error', set(error => true)],
    ['token-error-null', 'accept', set(error => undef)],
    ['token-error-object-no-tokens', 'reject token-error', token(json => {error => {message => 'no'}})],
    ['token-xss-error', 'reject token-error', token(status => 400, json => {error => '<script>alert(1)</script>', error_description => '<img src=x onerror=alert(1)>'}),
        check => sub { unlike $_[0]{page}->body, qr/<script|<img/, 'nothing of it is on the page' }],
    ['token-error-newline', 'reject token-invalid-grant', error('invalid_grant', json => {error => 'invalid_grant', error_description => "x\n[core:emerg] forged\e[2J"}),
        check => sub { my @l = $_[0]{site}->log->lines(qr/^\[core:emerg\]/); is @l, 0, 'no line of its own' }],
    ['token-error-500k', 'reject token-error', error('x' x 500000), check => sub { cmp_ok length $_[0]{lines}[0], '<', 2000, 'the line stays short' }],
    ['token-error-repeats-code', 'reject token-invalid-grant', error('invalid_grant', json => {error => 'invalid_grant', error_description => 'code ${code} is unknown'}),
        check => sub { like $_[0]{lines}[0], qr/code \*{8,} is unknown/, 'the code is blanked' }],
    ['token-error-is-code', 'reject token-error', error('x', json => {error => '${code}', error_description => 'y' x 400 . '${code}'})],
    ['token-error-description-number', 'reject token-invalid-grant', error('invalid_grant', json => {error => 'invalid_grant', error_description => 12})],

    # id_token
    ['token-no-idtoken', 'reject token-no-id-token', token(remove => ['id_token'])],
    ['token-idtoken-null', 'reject token-no-id-token', set(id_token => undef)],
    ['token-idtoken-empty', 'reject token-no-id-token', set(id_token => '')],
    ['token-idtoken-number', 'reject token-member-type', set(id_token => 1)],
    ['token-idtoken-array', 'reject token-member-type', set(id_token => ['e30.e30.e30'])],
    ['token-idtoken-object', 'reject token-member-type', set(id_token => {protected => 'e30'})],
    ['token-idtoken-twice', 'reject token-json', token(append => '"id_token":"e30.e30.e30"')],
    ['token-idtoken-case', 'reject token-no-id-token', token(remove => ['id_token'], set => {ID_TOKEN => 'e30.e30.e30'})],

    # access_token, token_type, the rest
    ['token-no-access-token', 'reject token-no-access-token', token(remove => ['access_token'])],
    ['token-access-token-null', 'reject token-no-access-token', set(access_token => undef)],
    ['token-access-token-empty', 'reject token-no-access-token', set(access_token => '')],
    ['token-access-token-number', 'reject token-member-type', set(access_token => 12)],
    ['token-access-token-object', 'reject token-member-type', set(access_token => {})],
    ['token-access-token-crlf', 'reject token-characters', set(access_token => "x\r\nX-Evil: 1"), %nowhere],
    ['token-access-token-blank', 'reject token-characters', set(access_token => 'a b')],
    ['token-access-token-unicode', 'reject token-characters', set(access_token => 'tökén')],
    ['token-access-token-nul', 'reject token-json', set(access_token => "a\0b")],
    ['token-access-token-other', 'reject idt-at-hash', set(access_token => 'of-somebody-else')],
    ['token-access-token-twice', 'reject token-json', token(append => '"access_token":"x"')],
    ['token-refresh-token-number', 'reject token-member-type', set(refresh_token => 12)],
    ['token-refresh-token-crlf', 'reject token-characters', set(refresh_token => "a\r\nb")],
    ['token-refresh-token-null', 'accept', set(refresh_token => undef)],
    ['token-type-missing', 'reject token-type', token(remove => ['token_type'])],
    ['token-type-null', 'reject token-type', set(token_type => undef)],
    ['token-type-number', 'reject token-type', set(token_type => 1)],
    ['token-type-array', 'reject token-type', set(token_type => ['Bearer'])],
    ['token-type-empty', 'reject token-type', set(token_type => '')],
    ['token-type-dpop', 'reject token-type', set(token_type => 'DPoP')],
    ['token-type-mac', 'reject token-type', set(token_type => 'mac')],
    ['token-type-na', 'reject token-type', set(token_type => 'N_A')],
    ['token-type-bearer-blank', 'reject token-type', set(token_type => 'Bearer ')],
    ['token-type-lower', 'accept', set(token_type => 'bearer')],
    ['token-type-upper', 'accept', set(token_type => 'BEARER')],
    ['token-scope-array', 'accept', set(scope => ['openid'])],
    ['token-scope-null', 'accept', set(scope => undef)],
    ['token-scope-empty', 'accept', set(scope => '')],
    ['token-unknown-members', 'accept', set(foo => {bar => [1, undef]}, not_before_policy => 0, session_state => 'x', ext_expires_in => '9', 'x.y' => 'z')],

    # expires_in
    ['token-expires-overflow', 'reject token-json', token(remove => ['expires_in'], append => '"expires_in":1e308,"expires_in":-1')],
    ['token-expires-weird', 'safe', set(expires_in => '1e308')],
    (map { ["token-expires-$_->[0]", 'accept', set(expires_in => $_->[1])] } ['1e308', {'$raw' => '1e308'}], ['negative', -1], ['zero', 0], ['text', '3600'],
        ['fraction', 3600.9], ['null', undef], ['array', []], ['object', {}], ['true', true], ['empty', ''], ['2-63', {'$raw' => '9223372036854775807'}],
        ['words', 'an hour'], ['minus-2-63', {'$raw' => '-9223372036854775808'}], ['tiny', {'$raw' => '1e-300'}]),
    ['ok-no-expires-in token-endpoint-response-without-expires_in', 'accept', token(remove => ['expires_in'])],

    # the document
    ['token-array', 'reject token-json', token(wrap => 'array')],
    ['token-empty', 'reject token-json', token(body => '')],
    ['token-blank', 'reject token-json', token(body => "  \n")],
    ['token-text', 'reject token-json', token(body => 'ok')],
    ['token-null', 'reject token-json', token(body => 'null')],
    ['token-form-encoded', 'reject token-content-type', token(body => 'access_token=x&token_type=Bearer', type => 'application/x-www-form-urlencoded')],
    ['token-html', 'reject token-content-type', token(body => '<html>log in</html>', type => 'text/html')],
    ['token-html-as-json', 'reject token-json', token(body => '<html>log in</html>')],
    ['token-trailing', 'reject token-json', token(suffix => '{}')],
    ['token-prefix', 'reject token-json', token(body => ")]}',\n{}")],
    ['token-bom', 'reject token-json', token(charset => 'bom')],
    ['token-utf16', 'reject token-json', token(charset => 'utf16')],
    ['token-bad-utf8', 'reject token-json', set(foo => {'$bytes' => 'c080'})],
    ['token-deep', 'reject token-json', set(foo => {'$nest' => 100000})],
    ['token-many-values', 'reject token-json', set(foo => {'$list' => ['', 70000]})],
    ['token-nul-name', 'reject token-json', set("a\0b" => 1)],

    # the content type
    ['token-type-json-charset', 'accept', type('application/json;charset=UTF-8')],
    ['token-type-json-upper', 'accept', type('APPLICATION/JSON')],
    ['token-type-json-suffix', 'accept', type('application/vnd.example+json')],
    ['token-type-json-charset-odd', 'accept', type('application/json; charset=x-user-defined')],
    ['token-content-type-absent', 'accept', type('')],
    ['token-content-type-html', 'reject token-content-type', type('text/html')],
    ['token-content-type-plain', 'reject token-content-type', type('text/plain')],
    ['token-content-type-jwt', 'reject token-content-type', type('application/jwt')],
    ['token-content-type-junk', 'reject token-content-type', type('json')],
    ['token-content-type-long', 'reject token-content-type', type('application/' . 'x' x 4000)],
    ['token-content-encoding', 'reject fetch-failed|token-json|fetch-coding', token(headers => {'content-encoding' => 'gzip'})],

    # the transfer
    ['token-hang', 'reject fetch-timeout', token(hang => true), status => qr/^504$/, check => $quick],
    ['token-drip', 'reject fetch-timeout', token(drip => [1, 500]), status => qr/^504$/, check => $quick],
    ['token-endless', 'reject fetch-too-large', token(endless => true), check => $quick],
    ['token-2mb', 'reject fetch-too-large', set(foo => {'$repeat' => ['x', 2 << 20]}), check => $quick],
    ['token-900k', 'accept', set(foo => {'$repeat' => ['x', 900 << 10]})],
    ['token-cut', 'reject fetch-failed', token(cut => 20)],
    ['token-reset', 'reject fetch-failed', token(reset => true)],
    ['token-headers-endless', 'reject fetch-too-large|fetch-failed', token(headers => {map { ("x-$_" => 'y' x 8000) } 1 .. 40})],
    (map { ["token-wire-$_->[0]", "reject $_->[1]", token(wire => $_->[2]), check => $quick] }
        ['http09', 'fetch-failed', '{"access_token":"x"}'], ['no-bytes', 'fetch-failed', ''], ['no-status', 'fetch-failed', "HTTP/1.1\r\n\r\n"],
        ['status-text', 'fetch-failed|token-status', "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"], ['status-0', 'fetch-failed|token-status', "HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n"],
        ['switch-protocols', 'fetch-failed|fetch-timeout|token-status', "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n"],
        ['continue-forever', 'fetch-too-large|fetch-failed', {'$repeat' => ["HTTP/1.1 100 Continue\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n", 20000]}],
        ['long-header', 'fetch-too-large|fetch-failed', {'$repeat' => ["HTTP/1.1 200 OK\r\nX: " . 'y' x 1000, 1000]}],
        ['many-headers', 'fetch-too-large|fetch-failed', {'$repeat' => ["HTTP/1.1 200 OK\r\n" . "X: y\r\n" x 100, 1000]}],
        ['header-nul', 'fetch-failed|token-json', "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"],
        ['length-negative', 'fetch-failed', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}"],
        ['length-text', 'fetch-failed|token-no-access-token|token-json', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: x\r\n\r\n{}"],
        ['length-huge', 'fetch-too-large|fetch-failed', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{}"],
        ['length-2gb', 'fetch-too-large', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2147483648\r\n\r\n{}"],
        ['length-short', 'token-json', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n\${body}"],
        ['chunk-junk', 'fetch-failed', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"],
        ['chunk-huge', 'fetch-failed|fetch-too-large', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n"],
        ['chunk-unended', 'fetch-failed', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"],
        ['coding-unknown', 'fetch-failed|token-json|token-no-access-token', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n{}"],
        ['upgrade-302', 'token-status', "HTTP/1.1 302 x\r\nLocation: \${origin}/main/evil\r\nContent-Length: \${length}\r\nContent-Type: application/json\r\n\r\n\${body}"],
    ),
    ['token-wire-early-hints', 'accept', token(wire => "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \${length}\r\n\r\n\${body}")],
    ['token-wire-close-delimited', 'accept', token(wire => "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\${body}")],
    ['token-wire-two-answers', 'accept', token(wire_open => true, wire => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \${length}\r\n\r\n\${body}HTTP/1.1 200 OK\r\n"
        . 'Content-Type: application/json' . "\r\nContent-Length: 46\r\n\r\n" . '{"sub":"alice","department":"smuggled","x":""}'), check => sub {
            ok !defined sent_header($_[0]{page}, 'X-SSO-Department'), 'what came unasked is nobody\'s answer';
        }],
    ['token-set-cookie', 'accept', token(headers => {'set-cookie' => 'sid=1; Path=/'}), check => sub {
        my ($r) = grep { $_->{path} =~ m{/userinfo} } @{$_[0]{requests}};
        ok !$r->{headers}{cookie}, 'the module keeps no cookies of the provider';
    }],
    ['token-code-once', 'accept', {}, calls => {'/token' => 1}],
);
case_site(\@rows, snippet => "SSOTimeout 2 3\n");
run_cases(@rows);
done_cases;
