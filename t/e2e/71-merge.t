# SPDX-License-Identifier: Apache-2.0
# How sections combine: a location inherits from the one around it, a virtual host from the server, a provider member by
# member; and a value that is written wins over an outer one even when it is the default's.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted;
my $site = site(provider => $op, server => <<'END' =~ s/ISSUER/$op->issuer/er);
SSODevelopment On
SSOStateDir "${ROOT}/state"
SSOIssuer ISSUER
SSOClientID public
SSOScope openid email groups
SSOAuthParam a 1
SSOAuthParam b 2
SSOLoginPath /enter
ProxyPass / ${UPSTREAM}/
<Location />
    AuthType sso-oidc
    Require valid-user
    SSOClaimPrefix none
    SSORemoteUser email
    SSOClaimHeader REMOTE_USER X-User
    SSOClaimHeader name X-Name
    SSOClaimFormat percent
    SSOUnauthenticated 401
</Location>
<Location /in/>
    SSOClaimPrefix X-In-
    SSOClaimHeader sub x_name
    SSOClaimHeader email X-Mail
</Location>
<Location /in/default/>
    SSOClaimPrefix X-SSO-
    SSORemoteUser sub
    SSOClaimFormat utf8
    SSOUnauthenticated auto
    SSOAuthParam b 4
    SSOAuthParam c 5
</Location>
<VirtualHost 127.0.0.1:${PORT}>
    ServerName http://localhost:${PORT}
</VirtualHost>
<VirtualHost 127.0.0.1:${PORT}>
    ServerName http://b.localhost:${PORT}
    SSOScope openid profile email
    SSOAuthParam b 3
    SSOLoginPath /sso/login
    <Location />
        SSOUnauthenticated redirect
    </Location>
</VirtualHost>
END

my $port = $site->httpd->port;
sub at { my ($host, $path) = @_; return "http://$host:$port$path" }
sub asked { my ($url) = @_; return SSO::Browser::query_of($site->new_browser->get($url)->location) }

subtest 'a virtual host inherits from the server, a provider member by member' => sub {
    my $one = asked(at('localhost', '/enter'));
    is $one->{client_id}, 'public', 'client';
    is $one->{scope}, 'openid email groups', 'scope';
    is "$one->{a} $one->{b}", '1 2', 'parameters';
    my $two = asked(at('b.localhost', '/sso/login'));
    is $two->{client_id}, 'public', 'a host with directives of its own: the client is inherited';
    is $two->{scope}, 'openid profile email', 'its scope wins, though it is the default';
    is "$two->{a} $two->{b}", '1 3', 'parameters are merged by name';
    is $two->{redirect_uri}, at('b.localhost', '/sso/callback'), 'and it has a callback of its own';
};

subtest 'a location inherits from the one around it' => sub {
    my $browser = $site->new_browser;
    is $browser->get(at('localhost', '/x'))->status, 401, 'SSOUnauthenticated 401 outside';
    is $browser->get(at('localhost', '/in/x'))->status, 401, 'and below';
    is $browser->get(at('localhost', '/in/default/x'))->status, 302, 'auto, written, wins over it';
    is $browser->get(at('b.localhost', '/x'))->status, 302, 'and so does the virtual host';
    my $asked = asked(at('localhost', '/in/default/x'));
    is "$asked->{a} $asked->{b} $asked->{c}", '1 4 5', 'parameters of server and location';
};

subtest 'what the application gets' => sub {
    my $browser = $site->browser;
    my $deep = $browser->go(at('localhost', '/in/default/x'));
    is $deep->status, 200, 'signed in' or diag $deep->summary;
    my $sub = sent_header($deep, 'X-User');
    my $outer = $browser->get(at('localhost', '/x'));
    my $mail = sent_header($outer, 'X-User');
    like $mail, qr/\@|%40/, 'SSORemoteUser email outside';
    ok !defined sent_header($outer, 'X-SSO-Sub') && !defined sent_header($outer, 'X-In-Sub'), 'no automatic headers';
    my $name = sent_header($outer, 'X-Name');
    my $inner = $browser->get(at('localhost', '/in/x'));
    is sent_header($inner, 'X-User'), $mail, 'inherited below';
    is sent_header($inner, 'X-In-Sub'), $sub, 'SSOClaimPrefix of the inner location';
    is sent_header($inner, 'x_name'), $sub, 'its header takes the place of the outer one of the same name, spelled its way';
    ok !defined sent_header($inner, 'X-Name'), 'which is gone';
    isnt sent_header($inner, 'X-Mail'), undef, 'and its new one comes beside';
    isnt $sub, $mail, 'SSORemoteUser sub, written, wins though it is the default';
    is sent_header($deep, 'X-SSO-Sub'), $sub, 'and so does SSOClaimPrefix X-SSO-';
    like sent_header($deep, 'X-Mail'), qr/\@/, 'and SSOClaimFormat utf8';
    unlike sent_header($inner, 'X-Mail'), qr/\@/, 'where the outer percent encodes';
};

$site->log->allow(qr/SSODevelopment/);
done_testing;
