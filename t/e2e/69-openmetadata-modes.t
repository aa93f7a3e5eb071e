# SPDX-License-Identifier: Apache-2.0
# The stand-in for OpenMetadata behind the modes that need no bridge: what its filters make of header, ID token and
# minted token, and that nobody can say who he is by himself. The bridge has its own tests (65, 66, 93 to 96).
use lib 't/lib';
use SSO::Test;

my $me = '/api/v1/users/loggedInUser';

# A site in front of a stand-in; `keys` is what publicKeyUrls holds, by the site's origin and the provider's.
sub mode {
    my ($lines, %om) = @_;
    my $keys = delete $om{keys} // sub { () };
    my $om = SSO::OP->_start('openmetadata', \%om);
    my $site = site(provider => 'real', start => 0);
    $site->httpd->conf(<<"END");
SSODevelopment On
SSOStateDir   "\${ROOT}/state"
SSOIssuer     @{[$site->op->issuer]}
SSOClientID   public
SSORemoteUser email
ProxyPass / @{[$om->origin]}/
<Location />
    AuthType sso-oidc
    Require  valid-user
    SSOClaimPrefix none
    $lines
</Location>
END
    $site->httpd->start;
    my @urls = ($keys->($site), $om->origin . '/api/v1/system/config/jwks');
    $om->control({authentication => {clientType => 'public', publicKeyUrls => \@urls}});
    return ($site, $om);
}

# Whom the server sees: the name, or the status.
sub who {
    my ($site, %headers) = @_;
    my $page = $site->browser->get($site->url($me), headers => \%headers);
    return $page->status == 200 ? $page->json->{name} : $page->status;
}

sub judge {
    my ($site, $om, $name, $eras, %forged) = @_;
    is login($site, '/my-data')->status, 200, "$name: alice signs in";
    for my $era (@$eras) {
        $om->control({era => $era});
        is who($site), 'alice', "$name, $era: the server sees alice";
        is who($site, %forged), 'alice', "$name, $era: whatever she says herself";
    }
    is $site->new_browser->fetch($site->url($me), headers => \%forged)->status, 401, "$name: alone it is nothing";
    expect_log $site, qr/reason=no-session/;
    my ($seen) = grep { $_->{path} eq $me } $om->requests;
    unlike $seen->{headers}{cookie} // '', qr/sso/, "$name: our cookies stay here";
    if ($name ne 'header') {
        $om->control({authentication => {clientId => 'another'}});
        is who($site), 401, "$name: the newest server refuses what is for another application";
    }
    $site->finish;
    $om->stop;
    return $seen->{headers};
}

subtest header => sub {
    my ($site, $om) = mode('SSOHeaders openmetadata', filter => 'header');
    my $headers = judge($site, $om, 'header', ['E3'],
        'X-Auth-Params-Email' => 'admin@example.com', 'x_auth_params_email' => 'bob@x');
    is $headers->{'x-auth-params-email'}, 'alice@example.com', 'one address, of the provider';
};

# It has the kid of the server's own key, and nobody's signature.
my $forged = 'Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im93bi1rZXktb2Ytb3Blbm1ldGFkYXRhIn0'
    . '.eyJlbWFpbCI6ImFkbWluQHguZXhhbXBsZSJ9.AA';

subtest 'ID token' => sub {
    my ($site, $om) = mode('SSOPassToken id', keys => sub { $_[0]->op->issuer . '/jwks' },
        authentication => {clientId => 'public'});
    judge($site, $om, 'ID token', [qw(E1 E3)], Authorization => $forged);
};

subtest minted => sub {
    my ($site, $om) = mode("SSOPassToken minted\nSSOMintAudience openmetadata",
        keys => sub { $_[0]->url('/sso/jwks') });
    judge($site, $om, 'minted', [qw(E1 E2 E3)], Authorization => $forged);
};

done_testing;
