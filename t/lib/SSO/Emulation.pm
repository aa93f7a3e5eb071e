# SPDX-License-Identifier: Apache-2.0
# Emulated providers (t/op/emulate.mjs) under their real host names, and sites whose httpd reaches them through a proxy,
# so that an operator's own lines work unchanged.
#
#   my $op = SSO::Emulation->new({kind => 'onelogin', name => 'acme', script => {clients => {…}}});
#   my $site = $op->site(conf => "SSOPreset onelogin acme\nSSOClientID id");
#   my $page = login($site, '/protected/');
package SSO::Emulation;
use strict;
use warnings;

use File::Temp ();
use parent -norequire, 'SSO::OP';

use SSO::OP;
use SSO::Test ();
use SSO::Tls;

our $host = 'sso.acme.test';
our $origin = "https://$host";
my @names = ($host,
    map({ "*.$_" } qw(onelogin.com auth0.com eu.auth0.com okta.com microsoftonline.com microsoftonline.us microsoft.com
    google.com googleapis.com acme.test zitadel.cloud eu-west-1.amazonaws.com auth.eu-west-1.amazoncognito.com)),
    'gitlab.com');

# What a registration at a provider holds: client('none'), client('client_secret_basic', $secret, more => …). `at` is
# the <SSOProvider> whose callback it is, or the path of the callback.
sub client {
    my ($auth, $secret, %more) = @_;
    my $at = delete $more{at} // '/sso/callback';
    $at = "/sso/callback/$at" if $at !~ m{^/};
    return {auth => $auth, ($secret ? (secret => $secret) : ()), redirect_uris => ["$origin$at"],
        logout_uris => ["$origin/sso/logout"], %more};
}

sub new {
    my ($class, @providers) = @_;
    my $certs = File::Temp->newdir('sso-emulation-XXXXXXXX', TMPDIR => 1);
    chmod 0755, "$certs";
    my $authority = SSO::Tls->new("$certs");
    my $leaf = $authority->leaf('all', names => \@names);
    my $self = $class->_start('emulate', {tls => $leaf, providers => \@providers});
    @$self{qw(certs authority leaf)} = ($certs, $authority, $leaf);
    $self->{facts} = $self->_call(GET => '/_facts');
    return $self;
}

sub issuer { my ($self, $id) = @_; return $self->{facts}{providers}{$id // (keys %{$self->{facts}{providers}})[0]} }

# What belongs to any server here: how to reach the providers, and whose certificates they have.
sub reach {
    my ($self) = @_;
    return qq{SSOOutgoingProxy $self->{origin}\nSSOCAFile "@{[$self->{authority}->ca]}"\nSSOStateDir "\${ROOT}/state"\n};
}

sub _location {
    my ($path, $args, @lines) = @_;
    return join "\n", "<Location $path>", 'AuthType sso-oidc', @lines, $args->{require} // 'Require valid-user',
        $args->{location} // '', '</Location>', '';
}

# site(conf => lines of the provider, require => …, location => inside <Location /protected/>,
#      providers => {NAME => lines or {conf, require, location}}: each with a <Location /NAME/> of its own, more =>
#      lines,
#      whole => the rest of the configuration instead of all that). The server is https://sso.acme.test for browsers.
sub site {
    my ($self, %args) = @_;
    my $whole = $args{whole};
    if (!defined $whole) {
        $whole = ($args{conf} // '') . "\nProxyPass / \${UPSTREAM}/\n";
        $whole .= _location('/protected/', \%args) if $args{conf};
        for my $name (sort keys %{$args{providers} // {}}) {
            my $one = ref $args{providers}{$name} ? $args{providers}{$name} : {conf => $args{providers}{$name}};
            $whole .= "<SSOProvider $name>\n$one->{conf}\n</SSOProvider>\n";
            $whole .= _location("/$name/", $one, "SSOUse $name");
        }
        $whole .= $args{more} // '';
    }
    my $site = SSO::Test::site(provider => $self, server => $self->reach . $whole, client => 'none',
        httpd => {host => $host, public => $origin, tls => $self->{leaf}, %{$args{httpd} // {}}},
        start => 0, keep_provider => 1);
    $site->{resolve} = {$host => '127.0.0.1:' . $site->httpd->port, '*' => "127.0.0.1:$self->{facts}{tls_port}"};
    $site->{authority} = $self->{authority};
    $site->{browser} = $site->new_browser;
    SSO::Test::allow_log($site, qr/AH01630: client denied by server configuration/, qr/SSO190: Require: valid-user/);
    $site->httpd->start if $args{start} // 1;
    return $site;
}

# A logout token of a provider: logout_token(client => …, claims => {sid => …}, remove => ['sub'])
sub logout_token { my ($self, %order) = @_; return $self->_call(POST => '/_logout', \%order)->{token} }

1;
