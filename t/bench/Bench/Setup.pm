# SPDX-License-Identifier: Apache-2.0
# What is measured: one object a server configuration. All have the same httpd, modules, file and provider, and differ in
# what guards /p/.
#
#   plain         nothing
#   floor-N       mod_floor.c: N claims out of one sealed cookie, the least that can be done
#   sso-N         mod_sso_oidc, sessions in the cookie, N claims
#   bearer-N      mod_sso_oidc, a bearer token that was seen before
#   rival-shm-N, rival-cookie-N   Debian's mod_auth_openidc as a careful operator sets it up
package Bench::Setup;
use strict;
use warnings;

use File::Temp ();
use IO::Socket::IP;
use Time::HiRes qw(sleep time);

use SSO::Browser;
use SSO::Httpd;
use SSO::OP;
use SSO::Proc;

our $rival_module = '/usr/lib/apache2/modules/mod_auth_openidc.so';
our $file_bytes = 2048;
my $divided;
my %providers;

# A person of exactly so many claims; the protocol's own (iss, aud, exp, …) come on top.
sub _person {
    my ($claims) = @_;
    return {sub => 'alice', map { ("claim_number_$_" => "value-of-claim-$_-xxxxxxxx") } 2 .. $claims};
}

# One provider for each number of claims. All of them are in the ID Token.
sub provider {
    my ($claims) = @_;
    my %script = (user => _person($claims), userinfo => {json => {sub => 'alice'}});
    return $providers{$claims} //= SSO::OP->scripted(\%script);
}

sub stop_providers { $_->stop for values %providers; %providers = () }

# new('sso-10', modules => directory of the built bench modules)
sub new {
    my ($class, $name, %args) = @_;
    my ($kind, $claims) = $name =~ /^(.*?)(?:-(\d+))?$/;
    return bless {name => $name, kind => $kind, claims => $claims // 0, %args}, $class;
}

sub name { $_[0]{name} }
sub kind { $_[0]{kind} }
sub claims { $_[0]{claims} }
sub httpd { $_[0]{httpd} }
sub has_login { $_[0]{kind} =~ /^(?:sso|rival)/ }
sub op { my ($self) = @_; return provider($self->{claims}) }

my %guard = (
    plain => sub { '' },
    floor => sub { "<Location /p/>\nAuthType floor\nRequire valid-user\n</Location>\n" },
    sso => sub {
        my ($self) = @_;
        return <<"END";
SSODevelopment On
SSOIssuer @{[$self->op->issuer]}
SSOClientID public
SSOStateDir "\${ROOT}/state"
<Location /p/>
    AuthType sso-oidc
    Require valid-user
</Location>
END
    },
    bearer => sub {
        my ($self) = @_;
        return <<"END";
SSODevelopment On
SSOIssuer @{[$self->op->issuer]}
SSOClientID public
SSOStateDir "\${ROOT}/state"
SSOBearerIssuer @{[$self->op->issuer]}
SSOBearerAudience https://api.example
<Location /p/>
    AuthType sso-oidc
    SSOAccept bearer
    Require valid-user
</Location>
END
    },
    'rival-shm' => sub { $_[0]->_rival('server-cache') },
    'rival-cookie' => sub { $_[0]->_rival('client-cookie') },
);

sub _rival {
    my ($self, $type) = @_;
    my $issuer = $self->op->issuer;
    return <<"END";
LoadModule auth_openidc_module $rival_module
OIDCProviderMetadataURL $issuer/.well-known/openid-configuration
OIDCClientID basic
OIDCClientSecret "a basic secret + with / odd & characters %"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI \${ORIGIN}/rival/callback
OIDCCryptoPassphrase 0b1f6c2d9e8a47735d02c4be61f3a9d8
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCSessionType $type
OIDCCacheType shm
OIDCRemoteUserClaim sub
OIDCStripCookies mod_auth_openidc_session
<Location /rival/>
    AuthType openid-connect
    Require valid-user
</Location>
<Location /p/>
    AuthType openid-connect
    Require valid-user
</Location>
END
}

sub _conf {
    my ($self) = @_;
    my $marks = $self->{marks} ? "LoadModule bench_mark_module $self->{modules}/mod_mark.so\n" : '';
    my $floor = $self->{kind} eq 'floor' ? "LoadModule bench_floor_module $self->{modules}/mod_floor.so\n" : '';
    my $guard = $guard{$self->{kind}}->($self);
    return <<"END";
$marks${floor}MaxKeepAliveRequests 0
KeepAliveTimeout 30
LogLevel warn
<Directory />
    AllowOverride None
    Options FollowSymLinks
</Directory>
$guard
END
}

# A server of this setup: not yet started.
sub make_httpd {
    my ($self, %args) = @_;
    my $ours = $self->{kind} =~ /^(?:sso|bearer)$/ ? 1 : 0;
    my $httpd = $self->{httpd} = SSO::Httpd->new(module => $ours, conf => $self->_conf, %args);
    $httpd->write('htdocs/p/page.html', 'x' x $file_bytes);
    return $httpd;
}

sub start {
    my ($self, %args) = @_;
    $self->make_httpd(%args)->start;
    _pin(0, $_) for $divided ? $self->{httpd}->_group : ();
    return $self;
}

# From here on httpd has the first core to itself, the load and the provider the others: what they cost each other is
# not httpd's. Without a second core, or taskset, all share what there is.
sub divide_cores {
    my $cores = () = glob '/sys/devices/system/cpu/cpu[0-9]*';
    $divided = $cores > 1 && _pin('1-' . ($cores - 1), $$);
    return $divided;
}

sub _pin { my ($cores, $pid) = @_; return system("taskset -a -c -p $cores $pid >/dev/null 2>&1") == 0 }

sub stop { my ($self) = @_; $self->{httpd}->stop if $self->{httpd}; delete $self->{httpd} }

sub _new_browser { return SSO::Browser->new(timeout => 120, keepalive => 1) }

# A login in a browser of its own: the header line that ordinary requests then carry, "" for the plain server.
sub login {
    my ($self) = @_;
    return '' if $self->{kind} eq 'plain';
    return $self->{header} = $self->_bearer if $self->{kind} eq 'bearer';
    my $browser = _new_browser();
    my $url = $self->{httpd}->url('/p/page.html');
    $browser->get($self->{httpd}->url("/-/floor?$self->{claims}")) if $self->{kind} eq 'floor';
    my $page = $browser->go($url);
    die "$self->{name}: no page after the login: " . $page->summary if $page->status != 200;
    my %now = (same_site => 1, top => 1, safe => 1);
    my $cookies = $browser->jar->header($url, %now) // die "$self->{name}: no cookie";
    return $self->{header} = "Cookie: $cookies";
}

# A login without the page behind it: the redirect, the provider, the way back. Of the plain server: two requests.
sub sign_in {
    my ($self) = @_;
    my $browser = _new_browser();
    my $page = $browser->get($self->{httpd}->url('/p/page.html'));
    return $browser->get($self->{httpd}->url('/p/page.html')) if $self->{kind} eq 'plain';
    $page = $browser->get($page->location // die "$self->{name}: no redirect: " . $page->summary) for 1 .. 2;
    die "$self->{name}: no login: " . $page->summary if $page->status !~ /^30[23]$/;
    return;
}

sub _bearer {
    my ($self) = @_;
    my %claims = (%{_person($self->{claims})}, aud => 'https://api.example');
    return 'Authorization: Bearer ' . $self->op->sign(claims => \%claims, typ => 'at+jwt');
}

# The text of a request: with this header line, or "" for none.
sub request {
    my ($self, $header) = @_;
    my $host = $self->{httpd}->origin =~ s{^http://}{}r;
    return "GET /p/page.html HTTP/1.1\r\nHost: $host\r\nUser-Agent: bench\r\nAccept: text/html,*/*\r\n"
        . ($header ne '' ? "$header\r\n" : '') . "\r\n";
}

# Sends it n times over one connection and reads the answers. Dies unless all have this status.
sub repeat {
    my ($self, $n, $text, $status) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->{httpd}->port, Timeout => 60)
        or die "$self->{name}: $@";
    for (1 .. $n) {
        print {$socket} $text;
        my $in = '';
        while ($in !~ /\r\n\r\n/) { sysread $socket, $in, 65536, length $in or die "$self->{name}: closed: $in" }
        my ($head, $body) = split /\r\n\r\n/, $in, 2;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        while (length $body < ($length // 0)) { sysread $socket, $body, 65536, length $body or die 'closed' }
        die "$self->{name}: not $status but $head" if $head !~ m{^HTTP/1\.1 $status };
    }
    close $socket;
}

1;
