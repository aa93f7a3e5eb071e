# SPDX-License-Identifier: Apache-2.0
# ID Tokens that are no proper JWT or no proper JSON, though the provider signed them.
use lib 't/lib';
use SSO::Case;

sub token { return {id_token => {@_}} }
my $claims = '"iss":"${iss}","sub":"alice","aud":"${client_id}","nonce":"${nonce}","iat":${now},"exp":9999999999';
sub payload { return {id_token => {payload => join('', @_) =~ s/CLAIMS/$claims/r}} }
# Claims as UTF-16 with a byte order mark, as bytes: nonce does not matter, nobody gets that far.
my $utf16 = join '', map { sprintf '%02x00', ord } split //, '{"sub":"alice"}';

run_cases(
    # the compact serialization
    ['jwt-json-serialization', 'reject jws-parts', token(tamper => 'json')],
    ['jwt-four-parts', 'reject jws-parts', token(tamper => 'four-parts')],
    ['jwt-two-parts', 'reject jws-parts', token(tamper => 'two-parts')],
    ['jwt-one-part', 'reject jws-parts', token(raw => 'abc')],
    ['jwt-six-parts', 'reject jws-parts', token(raw => 'e30.e30.e30.e30.e30.e30')],
    ['jwt-dots', 'reject jws-header', token(raw => '..')],
    ['jwt-many-dots', 'reject jws-parts', token(raw => {'$repeat' => ['.', 10000]})],
    ['jwt-b64-padding', 'reject jws-base64', token(padding => true, signature_hex => '00')],
    ['jwt-b64-standard-alphabet', 'reject jws-base64', token(tamper => 'standard')],
    ['jwt-sig-trailing-bits', 'reject jws-base64', token(tamper => 'trailing-bits')],
    ['jwt-sig-junk-suffix', 'reject jws-base64', token(tamper => 'junk')],
    ['jwt-newline', 'reject token-characters', token(tamper => 'newline')],
    ['jwt-blank-before', 'reject token-characters', token(raw => ' e30.e30.e30')],
    ['jwt-not-ascii', 'reject token-characters', token(raw => 'e30.e30.é')],
    ['jwt-not-base64', 'reject jws-base64', token(raw => '!!!!.e30.e30')],
    ['jwt-b64-length-one', 'reject jws-base64', token(raw => 'e30.e.e30')],

    # the header
    ['jwt-header-trailing', 'reject jws-header', token(header_suffix => ' x')],
    ['jwt-header-second-object', 'reject jws-header', token(header_suffix => '{"alg":"none"}')],
    ['jwt-header-array', 'reject jws-header', token(header_json => [])],
    ['jwt-header-string', 'reject jws-header', token(header_json => 'RS256')],
    ['jwt-header-empty', 'reject jws-alg-missing', token(header_json => {})],
    ['jwt-header-no-json', 'reject jws-header', token(raw => 'AAAA.e30.e30')],
    ['jwt-header-empty-part', 'reject jws-header', token(raw => '.e30.e30')],
    ['jwt-header-20k', 'reject jws-too-large', token(header => {x => {'$repeat' => ['x', 20000]}})],
    ['jwt-header-deep', 'reject jws-header', token(header => {x => {'$nest' => 100}})],
    ['jwt-header-nul', 'reject jws-header', token(header => {"alg\0x" => 'none'})],
    ['jwt-header-utf8', 'reject jws-header', token(header => {x => {'$bytes' => 'c080'}})],
    ['jwt-header-unknown-members', 'accept', token(header => {x5t => 'junk', 'x5t#S256' => 1, cty => ['JWT'], foo => {bar => undef}, zip => 'DEF'})],

    # the claims as JSON
    ['jwt-payload-trailing', 'reject jwt-claims', token(suffix => '{}')],
    ['jwt-payload-trailing-comma', 'reject jwt-claims', payload('{CLAIMS,}')],
    ['jwt-payload-whitespace', 'accept', payload(" \n\t{ CLAIMS\r\n} \n")],
    ['jwt-payload-trailing-nul', 'reject jwt-claims', payload('{CLAIMS}', "\0")],
    ['jwt-payload-unterminated', 'reject jwt-claims', payload('{CLAIMS')],
    ['jwt-payload-empty', 'reject jwt-claims', token(payload => '')],
    ['jwt-payload-array', 'reject jwt-claims', token(wrap => 'array')],
    ['jwt-payload-string', 'reject jwt-claims', payload('"alice"')],
    ['jwt-payload-null', 'reject jwt-claims', payload('null')],
    ['jwt-payload-number', 'reject jwt-claims', payload('1')],
    ['jwt-payload-html', 'reject jwt-claims', payload('<html>')],
    ['jwt-single-quotes', 'reject jwt-claims', payload(q({'sub':'alice'}))],
    ['jwt-comment', 'reject jwt-claims', payload('{CLAIMS /* x */}')],
    ['jwt-unquoted-name', 'reject jwt-claims', payload('{CLAIMS, admin: 1}')],
    ['jwt-nan', 'reject jwt-claims', payload('{CLAIMS, "x": NaN}')],
    ['jwt-infinity', 'reject jwt-claims', payload('{CLAIMS, "x": -Infinity}')],
    ['jwt-hex-number', 'reject jwt-claims', payload('{CLAIMS, "x": 0x10}')],
    ['jwt-leading-zero', 'reject jwt-claims', payload('{CLAIMS, "x": 007}')],
    ['jwt-leading-plus', 'reject jwt-claims', payload('{CLAIMS, "x": +7}')],
    ['jwt-huge-exponent', 'reject jwt-claims', payload('{CLAIMS, "x": 1e400}')],
    ['jwt-huge-integer', 'reject jwt-claims', payload('{CLAIMS, "x": 1', '0' x 400, '}')],
    ['jwt-control-in-string', 'reject jwt-claims', payload("{CLAIMS, \"x\": \"a\nb\"}")],
    ['jwt-bad-escape', 'reject jwt-claims', payload('{CLAIMS, "x": "\x"}')],
    ['jwt-lone-surrogate', 'reject jwt-claims', payload('{CLAIMS, "x": "\ud800"}')],
    ['jwt-swapped-surrogates', 'reject jwt-claims', payload('{CLAIMS, "x": "\udc00\ud800"}')],
    ['jwt-bom', 'reject jwt-claims', token(payload_hex => 'efbbbf7b7d')],
    ['jwt-utf16', 'reject jwt-claims', token(payload_hex => "fffe$utf16")],
    ['jwt-utf16-no-bom', 'reject jwt-claims', token(payload_hex => $utf16)],
    ['jwt-bad-utf8', 'reject jwt-claims', token(claims => {sub => {'$bytes' => '616cc08069'}})],
    ['jwt-bad-utf8-ff', 'reject jwt-claims', token(claims => {sub => {'$bytes' => '616cff69'}})],
    ['jwt-bad-utf8-surrogate', 'reject jwt-claims', token(claims => {name => {'$bytes' => 'eda080'}})],
    ['jwt-bad-utf8-cut', 'reject jwt-claims', token(claims => {name => {'$bytes' => 'e282'}})],
    ['jwt-bad-utf8-beyond', 'reject jwt-claims', token(claims => {name => {'$bytes' => 'f4908080'}})],
    ['jwt-nul-in-sub', 'reject jwt-claims', token(claims => {sub => "admin\0.evil"})],
    ['jwt-nul-in-key', 'reject jwt-claims', token(remove => ['sub'], claims => {"sub\0x" => 'alice'})],
    ['jwt-nul-nested', 'reject jwt-claims', token(claims => {address => {street => ["a\0b"]}})],

    # the same member twice
    ['jwt-dup-exp-last-past', 'reject jwt-claims', token(append => '"exp":1')],
    ['jwt-dup-exp-first-past', 'reject jwt-claims', payload('{"exp":1,CLAIMS}')],
    ['jwt-dup-sub', 'reject jwt-claims', token(append => '"sub":"admin"')],
    ['jwt-dup-sub-same', 'reject jwt-claims', token(append => '"sub":"alice"')],
    ['jwt-dup-sub-escaped', 'reject jwt-claims', token(append => '"s\u0075b":"admin"')],
    ['jwt-dup-iss', 'reject jwt-claims', token(append => '"iss":"https://evil.example"')],
    ['jwt-dup-aud', 'reject jwt-claims', token(append => '"aud":"other"')],
    ['jwt-dup-nonce', 'reject jwt-claims', token(append => '"nonce":"x"')],
    ['jwt-dup-nested', 'reject jwt-claims', token(append => '"address":{"a":1,"a":2}')],
    ['jwt-member-case', 'accept', token(append => '"SUB":"admin","Sub":"root"')],

    # more than anybody needs
    ['jwt-deep-nesting', 'reject jwt-claims', token(claims => {x => {'$nest' => 100000}})],
    ['jwt-deep-33', 'reject jwt-claims', token(claims => {x => {'$nest' => 33}})],
    ['jwt-deep-unclosed', 'reject jwt-claims', payload('{CLAIMS,"x":', '[' x 100000)],
    ['jwt-many-values', 'reject jwt-claims', token(claims => {x => {'$list' => ['', 70000]}})],
    ['jwt-many-members', 'safe', token(append => join ',', map { qq("m$_":$_) } 1 .. 5000)],
    ['jwt-2mb', 'safe', token(claims => {x => {'$repeat' => ['x', 3000000]}})],
    ['jwt-300k', 'safe', token(claims => {x => {'$repeat' => ['x', 300000]}})],
    ['jwt-long-member-name', 'safe', token(append => '"' . 'n' x 100000 . '":1')],

    # no token at all
    ['jwt-empty-text', 'reject token-no-id-token', token(raw => '')],
);
done_cases;
