# SPDX-License-Identifier: Apache-2.0
# Claims of ID Tokens that are properly signed: wrong values, wrong types, missing, from another time, for another one.
use lib 't/lib';
use SSO::Case;

sub claim { return {id_token => {claims => {@_}}} }
sub without { return {id_token => {remove => [@_]}} }
my $typ = sub { return {id_token => {header => {typ => $_[0]}}} };
# Every type a claim should not have.
my %odd = (null => undef, number => 12, negative => -3, fraction => 1.5, true => true, false => false, array => [], object => {}, text => 'x', empty => '');
sub odd { my ($claim, $reason, @types) = @_; return map { ["$claim-$_", "reject $reason", claim($claim => $odd{$_})] } @types }
my $later = {'$now' => 3600};

run_cases(
    # iss
    ['iss-wrong oidcc-client-test-invalid-iss invalid-iss', 'reject idt-iss', claim(iss => 'https://evil.example')],
    ['iss-missing invalid-missing-iss', 'reject idt-iss-missing', without('iss')],
    ['iss-trailing-slash', 'reject idt-iss', claim(iss => '${iss}/')],
    ['iss-prefix', 'reject idt-iss', claim(iss => '${iss}.evil.example')],
    ['iss-short', 'reject idt-iss', claim(iss => 'http://127.0.0.1')],
    ['iss-case', 'reject idt-iss', claim(iss => {'$upper' => '${iss}'})],
    ['iss-blank', 'reject idt-iss', claim(iss => '${iss} ')],
    ['iss-newline', 'reject idt-iss', claim(iss => "\${iss}\n")],
    ['iss-https', 'reject idt-iss', claim(iss => 'https://127.0.0.1:${port}/main')],
    ['iss-list-with-ours', 'reject idt-iss-type', claim(iss => ['${iss}'])],
    odd('iss', 'idt-iss-type', qw(null number true array object)),
    ['iss-empty', 'reject idt-iss', claim(iss => '')],

    # aud, azp
    ['aud-wrong oidcc-client-test-invalid-aud invalid-aud', 'reject idt-aud', claim(aud => 'other')],
    ['aud-missing oidcc-client-test-missing-aud invalid-missing-aud', 'reject idt-aud-missing', without('aud')],
    ['aud-empty-array', 'reject idt-aud', claim(aud => [])],
    ['aud-empty', 'reject idt-aud', claim(aud => '')],
    ['aud-extra-no-azp', 'reject idt-azp-missing', claim(aud => ['${client_id}', 'other'])],
    ['aud-extra-azp-other', 'reject idt-azp', claim(aud => ['${client_id}', 'other'], azp => 'other')],
    ['aud-extra-azp-ours', 'reject idt-aud-untrusted', claim(aud => ['${client_id}', 'other'], azp => '${client_id}')],
    ['aud-others', 'reject idt-aud', claim(aud => ['other', 'another'])],
    ['aud-spaced', 'reject idt-aud', claim(aud => '${client_id} other')],
    ['aud-comma', 'reject idt-aud', claim(aud => '${client_id},other')],
    ['aud-case', 'reject idt-aud', claim(aud => {'$upper' => '${client_id}'})],
    ['aud-prefix', 'reject idt-aud', claim(aud => 'publi')],
    ['aud-longer', 'reject idt-aud', claim(aud => '${client_id}2')],
    ['aud-star', 'reject idt-aud', claim(aud => '*')],
    ['aud-list-with-number', 'reject idt-aud-type', claim(aud => ['${client_id}', 1])],
    ['aud-list-with-null', 'reject idt-aud-type', claim(aud => ['${client_id}', undef])],
    ['aud-list-nested', 'reject idt-aud-type', claim(aud => [['${client_id}']])],
    ['aud-twice-ours', 'accept', claim(aud => ['${client_id}', '${client_id}'])],
    ['ok-aud-array valid-aud-as-array', 'accept', claim(aud => ['${client_id}'])],
    odd('aud', 'idt-aud-type', qw(null number true object)),
    ['azp-wrong', 'reject idt-azp', claim(azp => 'other')],
    ['azp-ours', 'accept', claim(azp => '${client_id}')],
    odd('azp', 'idt-azp-type', qw(null number array object)),
    ['azp-empty', 'reject idt-azp', claim(azp => '')],
    ['idt-trusted-aud', 'accept', claim(aud => ['${client_id}', 'api'], azp => '${client_id}'), conf => 'SSOAudience public api'],
    ['idt-trusted-aud-no-azp', 'reject idt-azp-missing', claim(aud => ['${client_id}', 'api']), conf => 'SSOAudience public api'],
    ['idt-trusted-aud-alone', 'reject idt-aud', claim(aud => ['api'], azp => '${client_id}'), conf => 'SSOAudience public api'],

    # exp
    ['exp-past invalid-expired-exp', 'reject idt-exp', claim(exp => {'$now' => -3600})],
    ['exp-missing invalid-missing-exp', 'reject idt-exp-missing', without('exp')],
    ['exp-null', 'reject idt-exp-type', claim(exp => undef)],
    ['exp-negative', 'reject idt-exp-type', claim(exp => -1)],
    odd('exp', 'idt-exp-type', qw(true false array object text empty)),
    ['exp-text-of-number', 'reject idt-exp-type', claim(exp => '9999999999')],
    ['exp-zero', 'reject idt-exp', claim(exp => 0)],
    ['exp-milliseconds', 'reject idt-exp-type', {id_token => {remove => ['exp'], append => '"exp":${now}000'}}],
    ['exp-beyond-time', 'reject idt-exp-type', claim(exp => {'$raw' => '1e300'})],
    ['exp-beyond-64-bits', 'reject jwt-claims', claim(exp => {'$raw' => '18446744073709551616'})],
    ['exp-2-63', 'reject idt-exp-type', claim(exp => {'$raw' => '9223372036854775807'})],
    ['exp-minus-fraction', 'reject idt-exp-type', claim(exp => {'$raw' => '-0.5'})],
    ['ok-exp-fraction', 'accept', {id_token => {remove => ['exp', 'iat'], append => '"exp":9999999999.5,"iat":${now}.5'}}],
    ['exp-exponent', 'accept', claim(exp => {'$raw' => '1e10'})],
    ['idt-skew', 'accept', claim(exp => {'$now' => -5}, iat => {'$now' => 5}), conf => 'SSOClockSkew 10'],
    ['idt-skew-none-exp', 'reject idt-exp', claim(exp => {'$now' => -1}), conf => 'SSOClockSkew 0'],
    ['idt-skew-none-iat', 'reject idt-iat', claim(iat => {'$now' => 30}), conf => 'SSOClockSkew 0'],

    # iat, nbf
    ['iat-missing oidcc-client-test-missing-iat', 'reject idt-iat-missing', without('iat')],
    ['iat-future', 'reject idt-iat', claim(iat => {'$now' => 86400})],
    ['iat-string', 'reject idt-iat-type', {id_token => {remove => ['iat'], append => '"iat":"${now}"'}}],
    odd('iat', 'idt-iat-type', qw(null true array object text empty negative)),
    ['iat-milliseconds', 'reject idt-iat-type', {id_token => {remove => ['iat'], append => '"iat":${now}000'}}],
    ['iat-zero', 'reject idt-iat', claim(iat => 0)],
    ['idt-ancient-iat', 'reject idt-iat', claim(iat => {'$now' => -315360000})],
    ['nbf-future', 'reject idt-nbf', claim(nbf => $later)],
    ['nbf-past', 'accept', claim(nbf => {'$now' => -60})],
    odd('nbf', 'idt-nbf-type', qw(null true array object text negative)),

    # nonce
    ['nonce-wrong oidcc-client-test-nonce-invalid invalid-nonce', 'reject idt-nonce', claim(nonce => 'n' x 43), calls => {'/userinfo' => 0}],
    ['nonce-missing', 'reject idt-nonce-missing', without('nonce')],
    ['nonce-case', 'reject idt-nonce', claim(nonce => {'$upper' => '${nonce}'})],
    ['nonce-empty', 'reject idt-nonce', claim(nonce => '')],
    ['nonce-longer', 'reject idt-nonce', claim(nonce => '${nonce}x')],
    ['nonce-blank', 'reject idt-nonce', claim(nonce => '${nonce} ')],
    ['nonce-in-list', 'reject idt-nonce-type', claim(nonce => ['${nonce}'])],
    ['nonce-of-state', 'reject idt-nonce', claim(nonce => '${state}')],
    odd('nonce', 'idt-nonce-type', qw(null number true array object)),

    # sub
    ['sub-missing oidcc-client-test-missing-sub', 'reject idt-sub-missing', without('sub')],
    ['sub-number', 'reject idt-sub-type', claim(sub => 12)],
    ['sub-null', 'reject idt-sub-type', claim(sub => undef)],
    odd('sub', 'idt-sub-type', qw(true array object)),
    ['sub-in-list', 'reject idt-sub-type', claim(sub => ['alice'])],
    ['sub-empty', 'reject idt-sub', claim(sub => '')],
    ['sub-256', 'reject idt-sub', claim(sub => 's' x 256)],
    ['sub-255', 'accept', {user => {sub => 's' x 255}}, user => 's' x 255],
    ['sub-newline', 'reject idt-sub', claim(sub => "alice\nadmin")],
    ['sub-cr', 'reject idt-sub', claim(sub => "alice\r\nX-SSO-groups: admins")],
    ['sub-delete-sign', 'reject idt-sub', claim(sub => "alice\x7f")],
    ['sub-odd-characters', 'accept', {user => {sub => 'auth0|5f7c8ec7c33c6c004bbafe82 <x> "y" %41 ${z}'}}, user => 'auth0|5f7c8ec7c33c6c004bbafe82 <x> "y" %41 ${z}'],
    ['sub-unicode', 'accept', {user => {sub => 'ålice-日本'}}, user => 'ålice-日本'],
    ['sub-differs-from-userinfo', 'reject userinfo-sub-mismatch', claim(sub => 'mallory')],

    # what kind of token
    ['typ-at-jwt', 'reject idt-typ', $typ->('at+jwt')],
    ['typ-application-at-jwt', 'reject idt-typ', $typ->('application/at+jwt')],
    ['typ-at-jwt-case', 'reject idt-typ', $typ->('AT+JWT')],
    ['typ-logout-jwt', 'reject idt-typ', $typ->('logout+jwt')],
    ['typ-dpop', 'reject idt-typ', $typ->('dpop+jwt')],
    ['typ-secevent', 'reject idt-typ', $typ->('secevent+jwt')],
    ['typ-introspection', 'reject idt-typ', $typ->('token-introspection+jwt')],
    ['typ-request-object', 'reject idt-typ', $typ->('oauth-authz-req+jwt')],
    ['typ-empty', 'reject idt-typ', $typ->('')],
    ['typ-number', 'reject jws-header', $typ->(1)],
    ['typ-array', 'reject jws-header', $typ->(['JWT'])],
    ['typ-null', 'reject jws-header', $typ->(undef)],
    ['typ-missing', 'accept', {id_token => {header_remove => ['typ']}}],
    ['typ-lower', 'accept', $typ->('jwt')],
    ['typ-media-type', 'accept', $typ->('application/jwt')],
    ['logout-token-as-id-token', 'reject idt-typ', claim(events => {'http://schemas.openid.net/event/backchannel-logout' => {}})],
    ['events-other', 'accept', claim(events => {})],

    # at_hash
    ['at-hash-wrong-code', 'reject idt-at-hash', claim(at_hash => 'AAAAAAAAAAAAAAAAAAAAAA')],
    ['at-hash-empty', 'reject idt-at-hash', claim(at_hash => '')],
    ['at-hash-whole-hash', 'reject idt-at-hash', claim(at_hash => 'A' x 43)],
    odd('at_hash', 'idt-at-hash-type', qw(null number true array object)),
    ['at-hash-missing', 'accept', {tokens => {at_hash => false}}],
    ['at-hash-es384', 'accept', {id_token => {alg => 'ES384'}}],
    ['at-hash-eddsa', 'accept', {id_token => {alg => 'EdDSA'}}],
    ['c-hash-unasked', 'accept', claim(c_hash => 'x')],

    # acr, auth_time, amr
    ['acr-odd', 'accept', claim(acr => 12, amr => 'pwd')],
    ['auth-time-text', 'accept', claim(auth_time => 'yesterday')],
    ['auth-time-null', 'accept', claim(auth_time => undef)],
    ['auth-time-future', 'reject idt-auth-time', claim(auth_time => $later)],
    ['auth-time-missing-asked', 'reject idt-auth-time-missing', without('auth_time'), conf => 'SSOMaxAge 60'],
    ['auth-time-old-asked', 'reject idt-auth-time', claim(auth_time => {'$now' => -3600}), conf => 'SSOMaxAge 60'],
    ['auth-time-text-asked', 'reject idt-auth-time-type', claim(auth_time => 'now'), conf => 'SSOMaxAge 60'],
    ['auth-time-fresh-asked', 'accept', {}, conf => 'SSOMaxAge 60'],
    ['req-acr', 'reject idt-acr', claim(acr => 'silver'), conf => 'SSORequireACR gold'],
    ['req-acr-missing', 'reject idt-acr-missing', {}, conf => 'SSORequireACR gold'],
    ['req-acr-list', 'reject idt-acr-type', claim(acr => ['gold']), conf => 'SSORequireACR gold'],
    ['req-acr-met', 'accept', claim(acr => 'gold'), conf => 'SSORequireACR silver gold'],

    # other good tokens
    ['idt-es512', 'accept', {id_token => {alg => 'ES512'}}],
    ['claims-of-every-type', 'accept', {id_token => {claims => {a => undef, b => true, c => 1.5, d => [], e => {}, f => [1, undef, 'x', {y => []}],
        email_verified => 'true', groups => 'one', address => 'x', updated_at => '2020', locale => 1, name => {first => 'A'}}}}],
    ['claims-about-us', 'accept', claim('X-SSO-sub' => 'admin', 'x_sso_sub' => 'admin', sso_sub => 'root', REMOTE_USER => 'root', 'Sub' => 'admin',
        'SUB' => 'admin', 's-u-b' => 'admin')],
    ['claim-names-odd', 'accept', claim('' => 'empty', ' ' => 'blank', 'a b' => 1, 'ü' => 1, "x\ny" => 1, 'a.b' => 1, 'a/b' => 1, '__proto__' => 1)],
);
done_cases;
