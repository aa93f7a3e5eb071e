# SPDX-License-Identifier: Apache-2.0
# UserInfo answers, aggregated claims, and claims that want to be more than text on their way to the application.
use lib 't/lib';
use SSO::Case;

sub info { return {userinfo => {@_}} }
sub set { return {userinfo => {set => {@_}}} }
sub jwt { return {userinfo => {jwt => {@_}}} }
my %in_time = (check => sub { cmp_ok $_[0]{seconds}, '<', 9, 'in time' });
# What must not have happened, whatever came of the login.
my $no_harm = sub {
    my ($case) = @_;
    my $seen = $case->{seen}[0] // {raw => []};
    my @names = map { lc $_->[0] } @{$seen->{raw}};
    is scalar(grep { /^x-evil|^x-injected/ } @names), 0, 'no header of its own';
    is scalar(grep { $_->[1] =~ /[\r\n\0]/ } @{$seen->{raw}}), 0, 'no control characters in a value';
    is scalar(grep { $_ eq 'x-sso-sub' } @names), @names ? 1 : 0, 'one subject';
    is scalar(grep { /X-Evil|X-Injected/i } map { @$_ } map { @{$_->{head}} } $case->{page}->hops), 0, 'nothing in our answers';
};
my %safe = (check => $no_harm);

my @rows = (
    ['ui-ok-type', 'accept', info(type => 'application/json;charset=UTF-8')],
    ['ui-type-absent', 'accept', info(type => '')],
    ['ui-sub-wrong oidcc-client-test-userinfo-invalid-sub', 'reject userinfo-sub-mismatch', set(sub => 'mallory')],
    ['ui-sub-missing', 'reject userinfo-sub-missing', info(remove => ['sub'])],
    ['ui-sub-null', 'reject userinfo-sub-missing', set(sub => undef)],
    ['ui-sub-number', 'reject userinfo-sub-missing', set(sub => 12)],
    ['ui-sub-list', 'reject userinfo-sub-missing', set(sub => ['alice'])],
    ['ui-sub-case', 'reject userinfo-sub-mismatch', set(sub => 'Alice')],
    ['ui-sub-blank', 'reject userinfo-sub-mismatch', set(sub => 'alice ')],
    ['ui-sub-twice', 'reject userinfo-json', info(append => '"sub":"mallory"')],
    ['ui-sub-nul', 'reject userinfo-json', set(sub => "alice\0x")],
    ['ui-array', 'reject userinfo-json', info(wrap => 'array')],
    ['ui-empty', 'reject userinfo-json', info(body => '')],
    ['ui-html', 'reject userinfo-content-type', info(body => '<html>', type => 'text/html')],
    ['ui-html-as-json', 'reject userinfo-json', info(body => '<html>')],
    ['ui-trailing', 'reject userinfo-json', info(suffix => '{}')],
    ['ui-bom', 'reject userinfo-json', info(charset => 'bom')],
    ['ui-utf16', 'reject userinfo-json', info(charset => 'utf16')],
    ['ui-bad-utf8', 'reject userinfo-json', set(name => {'$bytes' => 'ff'})],
    ['ui-deep', 'reject userinfo-json', set(x => {'$nest' => 100000})],
    ['ui-many-values', 'reject userinfo-json', set(x => {'$list' => ['', 70000]})],
    ['ui-endless', 'reject fetch-too-large', info(endless => true), %in_time],
    ['ui-hang', 'reject fetch-timeout', info(hang => true), %in_time],
    ['ui-drip', 'reject fetch-timeout', info(drip => [1, 500]), %in_time],
    ['ui-302', 'reject userinfo-status', info(redirect => '${origin}/evil/userinfo'), calls => {'/evil/userinfo' => 0}],
    ['ui-401', 'reject userinfo-status', info(status => 401)],
    ['ui-403', 'reject userinfo-status', info(status => 403)],
    ['ui-500', 'reject userinfo-status', info(status => 500)],
    ['ui-204', 'reject userinfo-status', info(status => 204)],
    ['ui-201', 'reject userinfo-status', info(status => 201)],
    ['ui-cut', 'reject fetch-failed', info(cut => 10)],
    ['ui-reset', 'reject fetch-failed', info(reset => true)],
    ['ui-iss-of-another-in-json', 'accept', set(iss => 'https://evil.example', aud => 'other', exp => 1)],
    ['ui-id-token-wins', 'accept', set(email => 'mallory@evil.example', groups => ['root']), check => sub {
        is sent_header($_[0]{page}, 'X-SSO-Email'), 'alice@example.com', 'what the ID Token says stays';
        is sent_header($_[0]{page}, 'X-SSO-Groups'), 'admins,staff', 'lists too';
    }],
    ['ui-odd-types', 'accept', set(x1 => undef, x2 => 12, x3 => true, x4 => [undef, {}, []], x5 => {y => [1]}, locale => 7)],
    ['ui-distributed', 'accept', set(_claim_names => {roles => 'src1'}, _claim_sources => {src1 => {endpoint => '${origin}/evil/claims', access_token => 'x'}}),
        calls => {'/evil/claims' => 0}],
    ['ui-aggregated-none', 'accept', set(_claim_names => {groups => 'src1', admin => 'src1'}, _claim_sources => {src1 => {JWT => 'eyJhbGciOiJub25lIn0.eyJhZG1pbiI6dHJ1ZX0.'}}),
        check => sub { ok !defined sent_header($_[0]{page}, 'X-SSO-Admin'), 'an unsigned claim does not arrive' }],

    # as a JWT
    ['ui-jwt', 'accept', jwt(key => 'k1')],
    ['ui-jwt-key-rotated', 'accept', {}, own => 1, calls => {'/jwks' => 2}, go => sub {
        my ($case) = @_;
        $case->{op}->control({jwks => {keys => ['k1']}});
        is login($case->{site}, $case->{path}, browser => $case->{site}->new_browser)->status, 200, 'the first login';
        $case->{op}->control({jwks => {keys => ['k1', 'k2']}, userinfo => {jwt => {key => 'k2'}}});
        return login($case->{site}, $case->{path}, browser => $case->{browser});
    }],
    ['ui-jwt-attacker', 'reject jwks-unknown-kid', jwt(key => 'attacker'), own => 1],
    ['ui-jwt-attacker-known-kid', 'reject jws-signature', jwt(key => 'attacker', kid => 'k1')],
    ['ui-jwt-none', 'reject jws-alg-none', jwt(alg => 'none', signature_hex => '')],
    ['ui-jwt-hs256-pem', 'reject jws-alg-not-allowed', jwt(alg => 'HS256', key => 'pem:k1')],
    ['ui-jwt-sub', 'reject userinfo-sub-mismatch', jwt(key => 'k1', claims => {sub => 'mallory'})],
    ['ui-jwt-iss', 'reject userinfo-iss', jwt(key => 'k1', claims => {iss => 'https://evil.example'})],
    ['ui-jwt-aud', 'reject userinfo-aud', jwt(key => 'k1', claims => {aud => 'other'})],
    ['ui-jwt-expired', 'reject userinfo-exp', jwt(key => 'k1', claims => {exp => 1})],
    ['ui-jwt-typ', 'reject userinfo-typ', jwt(key => 'k1', header => {typ => 'at+jwt'})],
    ['ui-jwt-junk', 'reject jws-parts', info(body => 'junk', type => 'application/jwt')],
    ['ui-jwt-as-json', 'reject userinfo-json', {userinfo => {jwt => {key => 'k1'}, type => 'application/json'}}],
    ['ui-json-as-jwt', 'reject jws-parts', info(type => 'application/jwt')],
    ['rp-userinfo-enc rp-userinfo-sig+enc', 'reject jwt-encrypted', info(type => 'application/jwt',
        body => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA')],

    # claims on their way
    ['ok-crlf-in-claim', 'safe', set(department => "x\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1"), %safe],
    ['ok-crlf-in-id-token-claim', 'safe', {id_token => {claims => {name => "x\r\nX-Evil: 1"}}}, %safe],
    ['ok-lone-cr-lf-claim', 'safe', set(a1 => "x\rX-Evil: 1", a2 => "x\nX-Evil: 1", a3 => "x\n X-Evil: 1", a4 => "\x{85}X-Evil: 1\x{2028}X-Evil: 2", a5 => "\t", a6 => "\x7f\x1b[2J"), %safe],
    ['claim-name-crlf', 'safe', set("x\r\nX-Evil: 1" => 'y', "X-Evil:" => 'y', "a b" => 'c'), %safe],
    ['claim-name-collision', 'safe', set('x-sso-sub' => 'root', SUB => 'root', 'sub ' => 'root', 's.u.b' => 'x', 'Sub' => 'admin'), %safe],
    ['claim-list-delimiter', 'accept', set(teams => ['a,admins', 'c', ' root', '100%2C']), check => sub {
        is sent_header($_[0]{page}, 'X-SSO-Teams'), 'a%2Cadmins,c,%20root,100%252C', 'a delimiter inside a value makes no second one';
    }],
    ['claim-blank-edges', 'accept', set(nick => ' admin ', mid => 'a b'), check => sub {
        is sent_header($_[0]{page}, 'X-SSO-Nick'), '%20admin%20', 'blanks at the ends are not cut off';
        is sent_header($_[0]{page}, 'X-SSO-Mid'), 'a b', 'others stay';
    }],
    ['sub-blank-before', 'reject user-claim-unsafe', {user => {sub => ' alice'}}],
    ['sub-blank-behind', 'reject user-claim-unsafe', {user => {sub => 'alice '}}],
    ['sub-blank-only', 'reject user-claim-unsafe', {user => {sub => ' '}}],
    ['email-unverified', 'reject user-email-unverified', {user => {email_verified => false}}, conf => 'SSORemoteUser email'],
    ['email-unverified-text', 'reject user-email-unverified', {user => {email_verified => 'false'}}, conf => 'SSORemoteUser email'],
    ['email-verified-odd', 'reject user-email-unverified', {user => {email_verified => [true, false]}}, conf => 'SSORemoteUser email'],
    ['email-absent', 'reject user-claim-missing', {user => {email => undef}, id_token => {remove => ['email']}, userinfo => {remove => ['email']}}, conf => 'SSORemoteUser email'],
    ['email-list', 'reject user-claim-list', {user => {email => ['a@example.com', 'b@example.com']}}, conf => 'SSORemoteUser email'],
    ['email-crlf', 'reject user-claim-unsafe', {user => {email => "a\r\nX-Evil: 1"}}, conf => 'SSORemoteUser email'],
    ['email-number', 'accept', {user => {email => 12}}, conf => 'SSORemoteUser email'],
    ['email-object', 'reject user-claim-missing', {user => {email => {x => 1}}}, conf => 'SSORemoteUser email'],
    ['user-no-match', 'reject user-no-match', {}, conf => 'SSORemoteUser email "^([^@]+)@evil[.]example$" "$1"'],
    ['claim-list-crlf', 'safe', set(teams => ["a\r\nX-Evil: 1", 'c']), %safe],
    ['claim-60k', 'safe', set(bio => {'$repeat' => ['x', 60000]}), %safe],
    ['claim-2000-names', 'safe', info(append => join ',', map { qq("n$_":"v") } 1 .. 2000), %safe],
    ['claim-host-header', 'safe', set('Host' => 'evil.example', 'Content-Length' => '0', 'Transfer-Encoding' => 'chunked', Authorization => 'Basic x', Cookie => 'a=b'),
        check => sub {
            $no_harm->($_[0]);
            my $seen = $_[0]{seen}[0] or return;
            isnt $seen->{headers}{host}, 'evil.example', 'Host stays';
            ok !$seen->{headers}{authorization} && !$seen->{headers}{cookie}, 'no credentials by claim';
        }],
);
case_site(\@rows, snippet => "SSOTimeout 2 3\n");
run_cases(@rows);
done_cases;
