# SPDX-License-Identifier: Apache-2.0
# Several providers and several vhosts in one server do not disturb each other; flat directives and <SSOProvider> with SSOUse.
use lib 't/lib';
use SSO::Test;

my $one = SSO::OP->scripted({user => {sub => 'one', email => 'one@example.com', groups => ['g1']}});
my $two = SSO::OP->scripted({user => {sub => 'two', email => 'two@example.com', groups => ['g2']}});
my ($i1, $i2) = ($one->issuer, $two->issuer);
my $site = site(provider => $one, httpd => {host => 'localhost'}, server => <<"END");
SSODevelopment On
SSOStateDir "\${ROOT}/state"
<Location /late/>
    AuthType sso-oidc
    SSOUse second
    Require valid-user
</Location>
SSOIssuer $i1
SSOClientID public
<SSOProvider second>
    SSOIssuer $i2
    SSOClientID post
    SSOClientSecret "a-post-secret-of-32-characters-or-so"
    SSOClientAuth client_secret_post
</SSOProvider>
ProxyPass / \${UPSTREAM}/
<Location /first/>
    AuthType sso-oidc
    Require valid-user
</Location>
<VirtualHost *:\${PORT}>
    ServerName localhost
</VirtualHost>
<VirtualHost *:\${PORT}>
    ServerName b.localhost
    SSORedirectURI /own/callback
    SSOClientID basic
    SSOClientSecret "a basic secret + with / odd & characters %"
    ProxyPass / \${UPSTREAM}/
</VirtualHost>
<VirtualHost *:\${PORT}>
    ServerName c.localhost
    SSORedirectURI http://c.localhost:\${PORT}/cb
    SSOBasePath /auth/
    ProxyPass / \${UPSTREAM}/
</VirtualHost>
END
my $port = $site->httpd->port;

subtest 'two providers in one vhost' => sub {
    my $browser = $site->browser;
    my $first = login($site, '/first/');
    is sent_header($first, 'X-SSO-Sub'), 'one', 'the flat one';
    my $second = login($site, '/late/');
    is sent_header($second, 'X-SSO-Sub'), 'two', 'the named one, used before it is defined';
    my ($callback) = grep { m{/sso/callback} } map { $_->url } $second->hops;
    like $callback, qr{/sso/callback/second\?}, 'with a callback of its own';
    is sent_header($browser->get($site->url('/first/')), 'X-SSO-Sub'), 'one', 'both sessions live side by side';
    is scalar(grep { /^sso-$port(?:-second)?$/ } $browser->jar->names), 2, 'in two cookies';
};

subtest 'mix-up: a code of one provider at the callback of the other' => sub {
    my $browser = $site->new_browser;
    my $answer = $browser->follow($browser->get($site->url('/first/')));
    my $crossed = $answer->location =~ s{/sso/callback}{/sso/callback/second}r;
    my $before = scalar(my @seen = $two->requests);
    my $page = $browser->get($crossed, from => $i1);
    is $page->status, 400, 'is refused';
    is scalar(my @after = $two->requests), $before, 'the other provider never sees the code';
    expect_log $site, qr/reason=state-provider/;
};

subtest 'vhosts' => sub {
    my %at = map { $_ => $site->new_browser } qw(b c);
    for my $host (qw(b c)) {
        my $browser = $at{$host};
        my $page = $browser->go("http://$host.localhost:$port/first/");
        is $page->status, 200, "$host: a login" or diag $page->summary;
        is sent_header($page, 'X-SSO-Sub'), 'one', '… at the inherited provider';
        my ($callback) = grep { m{code=} } map { $_->url } $page->hops;
        like $callback, $host eq 'b' ? qr{^http://b\.localhost:$port/own/callback\?} : qr{^http://c\.localhost:$port/cb\?},
            '… with its own redirect URI';
    }
    my $cookie = $at{b}->jar->find("sso-$port", "http://b.localhost:$port/");
    my $stolen = $site->new_browser->get($site->url('/first/'), headers => {Cookie => "sso-$port=$cookie->{value}"});
    is $stolen->status, 302, 'a session of one vhost is none at another';
    expect_log $site, qr/reason=box-tampered/;
    is $at{c}->get("http://c.localhost:$port/auth/logout")->status, 302, 'another base path: its logout';
};

subtest 'the host has to be one of ours' => sub {
    my $page = $site->new_browser->get($site->url('/first/'), headers => {Host => "evil.example:$port"});
    is $page->status, 421, 'an unknown host starts no login';
    expect_log $site, qr/SSO201: .*reason=host-unknown/;
    my $forwarded = $site->new_browser->get($site->url('/first/'), headers => {'X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Proto' => 'https'});
    unlike $forwarded->location, qr/evil/, 'X-Forwarded-Host of anybody does not count';
    like SSO::Browser::query_of($forwarded->location)->{redirect_uri}, qr{^http://localhost:$port/sso/callback$}, 'nor does his protocol';
};
done_testing;
