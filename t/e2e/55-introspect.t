# SPDX-License-Identifier: Apache-2.0
# Opaque bearer tokens: the provider is asked (RFC 7662), believed strictly, not asked twice, and never about a JWT.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted({path => '/main'});
$op->sign(token => {key => 'k1'}); # a key takes its time when it is made
my $issuer = $op->issuer;
my %secret = (basic => 'a basic secret + with / odd & characters %');
my $site = site(provider => $op, client => 'basic', httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'},
    snippet => <<"END");
SSOTimeout 1 2
SSOBearerIssuer $issuer
SSOBearerAudience https://api.example
SSOIntrospect On
<SSOProvider quiet>
    SSOIssuer $issuer
    SSOClientID basic
    SSOClientSecret "$secret{basic}"
    SSOBearerIssuer $issuer
    SSOBearerAudience https://api.example
</SSOProvider>
<Location /api/>
    AuthType sso-oidc
    Require valid-user
    SSOAccept bearer
</Location>
<Location /api/off/>
    SSOIntrospect Off
</Location>
<Location /api/scope/>
    Require sso-claim scope write
</Location>
<Location /api/quiet/>
    SSOUse quiet
</Location>
<Location /api/quiet/on/>
    SSOIntrospect On
</Location>
<Location /both/>
    AuthType sso-oidc
    Require valid-user
    SSOAccept session bearer
</Location>
END
allow_log $site, qr/AH01630: client denied by server configuration/;

my %active = (active => true, sub => 'alice', client_id => 'robot', aud => 'https://api.example', scope => 'read list');
my $count = 0;
sub told { my (%claims) = @_; $op->reset->control({introspection => {set => {%active, %claims}}}); return 'opaque-' . ++$count }
sub answers { my ($script) = @_; $op->reset->control({introspection => $script}); return 'opaque-' . ++$count }
sub asked { return $op->requests('/introspect') }
sub call {
    my ($token, $path, %headers) = @_;
    return $site->new_browser->request(GET => $site->url($path // '/api/'), plain => 1,
        headers => {Authorization => "Bearer $token", %headers});
}
sub accepted {
    my ($page, $name) = @_;
    is $page->status, 200, $name or diag $page->body, $site->log->lines(qr/SSO40/);
    is sent_header($page, 'X-SSO-sub'), 'alice', '… as alice';
    return;
}
sub refused_as {
    my ($page, $status, $reason) = @_;
    is $page->status, $status, "status $status" or diag $page->body;
    ok !sent($page), 'the application saw nothing';
    like $page->header('WWW-Authenticate') // '', $status == 401 ? qr/^Bearer error="invalid_token"/ : qr/^$/, 'the challenge';
    like $page->header('Retry-After') // '', $status == 503 ? qr/^\d+$/ : qr/^$/, 'when to come back';
    expect_log $site, qr/SSO40\d: .*reason=$reason /;
    return;
}

subtest 'an active token' => sub {
    my $token = told(exp => time + 600);
    accepted call($token), 'is taken';
    my ($question) = asked;
    is $question->{method}, 'POST', 'the provider was asked';
    is $question->{form}{token}, $token, '… about this token';
    is $question->{form}{token_type_hint}, 'access_token', '… as an access token';
    like $question->{headers}{authorization}, qr/^Basic /, '… by somebody it knows';
    is_deeply [$op->failures], [], '… and was content';
    accepted call(told(iss => $issuer, token_type => 'Bearer')), 'with iss and token_type';
    accepted call(told(), '/both/'), 'where sessions count too';
    accepted call(told(scope => 'write'), '/api/scope/'), 'with the scope of a rule';
    is call(told(), '/api/scope/')->status, 403, 'not without';
};

subtest 'rs-introspect-inactive' => sub {
    refused_as call(answers({set => {active => false}})), 401, 'introspect-inactive';
    for (['of another audience', 'bearer-aud', aud => 'https://other.example'], ['of no audience', 'bearer-aud-missing'],
        ['of another issuer', 'bearer-iss', iss => 'https://evil.example'], ['expired', 'bearer-exp', exp => time - 3600],
        ['that ends in a word', 'bearer-exp-type', exp => 'never'], ['not yet good', 'bearer-nbf', nbf => time + 3600],
        ['for DPoP', 'bearer-token-type', token_type => 'DPoP'], ['bound to a key', 'bearer-bound', cnf => {jkt => 'x'}],
        ['for refreshing', 'bearer-kind', token_use => 'refresh_token']) {
        my ($name, $reason, %claims) = @$_;
        subtest "one $name" => sub {
            my $token = told(%claims);
            $op->control({introspection => {'$clear' => true, remove => ['aud'], set => {active => true, sub => 'alice'}}})
                if $reason eq 'bearer-aud-missing';
            refused_as call($token), 401, $reason;
        };
    }
};

subtest 'rs-introspect-cache' => sub {
    my $token = told(exp => time + 3);
    accepted call($token), 'good';
    $op->control({introspection => {set => {active => false}}});
    accepted call($token), 'good still, unasked' for 1 .. 3;
    is scalar(asked), 1, 'one question';
    accepted call($token, '/both/'), 'for every location of the provider';
    is scalar(asked), 1, 'still one';
    sleep 4;
    refused_as call($token), 401, 'introspect-inactive';
    is scalar(asked), 2, 'not longer than the token lives';
    refused_as call($token), 401, 'introspect-inactive' for 1 .. 3;
    is scalar(asked), 2, 'a refused token is not asked about again at once';
    accepted call(told(sub => 'alice')), 'others are';
};

subtest 'rs-introspect-401' => sub {
    for (['we are unknown', 'introspect-refused', status => 401], ['we are forbidden', 'introspect-refused', status => 403],
        ['broken', 'introspect-refused', status => 500, body => 'oops'], ['away', 'fetch-connect|fetch-failed', reset => true],
        ['slow', 'fetch-timeout', hang => true], ['elsewhere', 'introspect-refused', redirect => "$issuer/userinfo"],
        ['too much', 'fetch-too-large', set => {x => {'$repeat' => ['x', 70_000]}}],
        ['no JSON', 'introspect-answer', body => 'active', type => 'text/html'],
        ['active is a text', 'introspect-answer', set => {%active, active => 'true'}],
        ['active is missing', 'introspect-answer', remove => ['active']],
        ['active twice', 'introspect-answer', append => '"active":true']) {
        my ($name, $reason, %script) = @$_;
        subtest $name => sub {
            my $token = answers(\%script);
            refused_as call($token), 503, "(?:$reason)";
            $op->reset->control({introspection => {set => \%active}});
            accepted call($token), 'the same token later';
        };
    }
};

subtest 'rs-introspect-jwt' => sub {
    refused_as call(answers({body => 'eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.', type => 'application/token-introspection+jwt'})),
        503, 'introspect-answer';
};

subtest 'rs-introspect-injection' => sub {
    my $token = told() . '+/a~b.c_d-e==';
    accepted call($token), 'taken';
    is((asked)[0]{form}{token}, $token, 'as one value');
    refused_as call('a&token=b'), 401, 'bearer-syntax';
    refused_as call('x' x 8000), 401, 'introspect-inactive' for answers({set => {active => false}});
};

subtest 'a JWT gets no second opinion' => sub {
    told();
    my %claims = (aud => 'https://api.example', client_id => 'robot');
    my $good = $op->sign(client => 'jwt', claims => \%claims, typ => 'at+jwt');
    accepted call($good), 'a good one is verified here';
    refused_as call($op->sign(client => 'jwt', claims => \%claims, token => {tamper => 'signature'}, typ => 'at+jwt')), 401,
        'jws-signature';
    refused_as call($op->sign(client => 'jwt', claims => {%claims, exp => time - 600}, typ => 'at+jwt')), 401, 'bearer-exp';
    refused_as call($op->sign(client => 'jwt', claims => {%claims, iss => 'https://other.example'}, typ => 'at+jwt')), 401,
        'bearer-iss-unknown';
    refused_as call('eyJhbGciOiJub25lIn0.e30.'), 401, 'bearer-iss-missing';
    is scalar(asked), 0, 'nobody was asked';
};

subtest 'where it is off' => sub {
    my $token = told();
    accepted call($token), 'known at one location';
    refused_as call($token, '/api/off/'), 401, 'jws-parts';
    refused_as call($token, '/api/quiet/'), 401, 'jws-parts';
    is scalar(asked), 1, 'nobody was asked';
    accepted call($token, '/api/quiet/on/'), 'a location may have it on';
    is scalar(asked), 2, 'each provider for itself';
};

my @leak = $site->log->lines(qr/opaque-\d/);
is scalar(@leak), 0, 'no token is in the log';
done_testing;
