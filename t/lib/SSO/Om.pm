# SPDX-License-Identifier: Apache-2.0
# OpenMetadata's stand-in behind the bridge: a provider, the stand-in and httpd, wired as
# conf-examples/reverse-proxy-openmetadata-bridge.conf says.
#   my $om = SSO::Om->new; my $site = watch_site($om);
package SSO::Om;
use strict;
use warnings;

use SSO::Httpd;
use SSO::OP;

# new(base => '', delivery => 'query', snippet => more configuration of the server, location => of the Location)
sub new {
    my ($class, %args) = @_;
    my $self = bless {}, $class;
    $self->{httpd} = SSO::Httpd->new;
    my $origin = $self->{httpd}->origin;
    my $base = $self->{base} = $args{base} // '';
    $self->{op} = SSO::OP->real({origin => $origin, accounts => {carol => {name => 'Carol Jones',
        email => 'carol@example.com', email_verified => JSON::PP::true()}}});
    my @keys = ("$origin/sso/jwks", '/api/v1/system/config/jwks');
    $self->{om} = SSO::OP->_start('openmetadata', {base => $base, publicUrl => $origin . $base,
        authentication => {clientType => 'public', publicKeyUrls => \@keys}});
    my ($issuer, $om, $delivery) = ($self->{op}->issuer, $self->{om}->origin . $base, $args{delivery} // 'query');
    $self->{httpd}->conf(<<"END");
SSODevelopment On
SSOStateDir    "\${ROOT}/state"
SSOIssuer      $issuer
SSOClientID    public
SSOBearerIssuer   open-metadata.org $om/api/v1/system/config/jwks
SSOBearerAudience none
@{[$args{snippet} // '']}
ProxyPass        $base/ $om/ upgrade=websocket
ProxyPassReverse $base/ $om/
<Location $base/>
    AuthType sso-oidc
    Require  valid-user
    SSOClaimPrefix  none
    SSOAccept       session bearer
    SSOBridge       openmetadata $delivery
    SSOMintAudience openmetadata
    @{[$args{location} // '']}
</Location>
END
    $self->{httpd}->start;
    return $self;
}

sub httpd { $_[0]{httpd} }
sub op { $_[0]{op} }
sub om { $_[0]{om} }
sub url { my ($self, $path) = @_; return $self->{httpd}->url($path) }

# What t/browser/bridge.mjs wants to know.
sub facts {
    my ($self) = @_;
    return (url => $self->url("$self->{base}/"), om => $self->{om}->origin, op => $self->{op}->origin,
        opPid => $self->{op}{proc}->pid);
}

1;
