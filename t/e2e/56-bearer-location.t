# SPDX-License-Identifier: Apache-2.0
# SSOBearerIssuer and SSOBearerAudience of a location: they replace the provider's there and nowhere else, and what was found
# under one rule says nothing under another.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted({path => '/main'});
my $other = SSO::OP->scripted; # another issuer, with keys of its own
$_->sign(token => {key => 'k1'}) for $op, $other; # a key takes its time when it is made
my ($main, $away) = ($op->issuer, $other->issuer);
my $site = site(provider => $op, httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'}, snippet => <<"END");
SSOBearerIssuer $main
SSOBearerAudience main
<Location /api/>
    AuthType sso-oidc
    Require valid-user
    SSOAccept bearer
</Location>
<Location /api/audience/>
    SSOBearerAudience special
</Location>
<Location /api/issuer/>
    SSOBearerIssuer $away
</Location>
<Location /api/issuer/both/>
    SSOBearerAudience special
</Location>
<Location /api/two/>
    SSOBearerIssuer $away
    SSOBearerIssuer $main
</Location>
<Location /api/bots/>
    SSOBearerIssuer open-metadata.org @{[$other->origin]}/jwks
    SSOBearerAudience none
</Location>
<SSOProvider bare>
    SSOIssuer $main
    SSOClientID public
</SSOProvider>
<Location /api/bare/>
    SSOUse bare
    SSOBearerIssuer $away
    SSOBearerAudience bare
</Location>
END
allow_log $site, qr/SSO126: SSOBearerAudience: none: every token that "open-metadata.org" signs is accepted/;

sub token {
    my ($from, %claims) = @_;
    return $from->sign(client => 'jwt', claims => {client_id => 'robot', %claims}, typ => 'at+jwt');
}
sub call {
    my ($path, $token) = @_;
    return $site->new_browser->request(GET => $site->url($path), plain => 1, headers => {Authorization => "Bearer $token"});
}
sub taken {
    my ($path, $token, $name) = @_;
    my $page = call($path, $token);
    is $page->status, 200, "$path: $name" or diag $page->body, $site->log->lines(qr/SSO40/);
    is sent_header($page, 'X-SSO-sub'), 'alice', "$path: as alice";
    return;
}
sub refused_for {
    my ($path, $token, $reason) = @_;
    my $page = call($path, $token);
    is $page->status, 401, "$path: refused";
    ok !sent($page), "$path: the application saw nothing";
    expect_log $site, qr/SSO401: .*reason=$reason /;
    return;
}

my $mine = token($op, aud => 'main');
my $special = token($op, aud => 'special');
my $theirs = token($other, aud => 'main');

# In this order on purpose: each is known to the process when the next location is asked.
taken '/api/', $mine, 'the provider\'s rules';
refused_for '/api/audience/', $mine, 'bearer-aud';
refused_for '/api/issuer/', $mine, 'bearer-iss-unknown';
refused_for '/api/bots/', $mine, 'bearer-iss-unknown';
taken '/api/', $mine, 'as before';

taken '/api/audience/', $special, 'another audience, the provider\'s issuer';
refused_for '/api/', $special, 'bearer-aud';
refused_for '/api/issuer/both/', $special, 'bearer-iss-unknown';

taken '/api/issuer/', $theirs, 'another issuer, the provider\'s audience';
refused_for '/api/', $theirs, 'bearer-iss-unknown';
refused_for '/api/issuer/both/', $theirs, 'bearer-aud';
taken '/api/issuer/both/', token($other, aud => 'special'), 'issuer and audience of two sections';
taken '/api/two/', $_, 'one of two issuers' for $mine, $theirs;
taken '/api/two/', $_, 'known by now' for $mine, $theirs;

my $bot = token($other, iss => 'open-metadata.org');
taken '/api/bots/', $bot, 'no audience, keys by address';
refused_for '/api/', $bot, 'bearer-iss-unknown';
refused_for '/api/bots/', token($op, iss => 'open-metadata.org'), '(?:jws-signature|jwks-unknown-kid)';

taken '/api/bare/', token($other, aud => 'bare'), 'a provider that takes none itself';
refused_for '/api/bare/', $mine, 'bearer-iss-unknown';

done_testing;
