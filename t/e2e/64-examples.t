# SPDX-License-Identifier: Apache-2.0
# Who copies an example and fills in its marked lines is signed in: each file that is not one provider's own, as it is but
# for its ports, with emulated providers under their real names and, where it is about OpenMetadata, the stand-in.
use lib 't/lib';
use SSO::Test;
use SSO::Emulation;

use SSO::Source qw(files slurp);

my $host = $SSO::Emulation::host;
my $wiki = 'wiki.acme.test';
my $client = sub {
    my (@paths) = @_;
    return {auth => 'none', redirect_uris => [map { "https://$_" } @paths], logout_uris => ["https://$host/sso/logout"]};
};
my %clients = ('0oa4h1bQ7Kx2' => $client->("$host/sso/callback", "$host/callback", map { ("$host$_", "$wiki$_") } '/sso/callback/staff', '/sso/callback/partners'));
my $op = SSO::Emulation->new({kind => 'onelogin', name => 'acme', script => {clients => \%clients}},
    {kind => 'keycloak', host => 'login.acme.test', realm => 'staff', script => {clients => \%clients}},
    {kind => 'auth0', domain => 'acme.eu.auth0.com', script => {clients => \%clients}});
my ($mint_port, $reserved) = SSO::Proc::reserve_port();
my $key = File::Temp->new(TEMPLATE => 'sso-key-XXXXXXXX', TMPDIR => 1);
print $key qx(openssl rand -base64 32);
close $key;
chmod 0600, "$key";

my %value = (host => $host, 'second-host' => $wiki, certificate => $op->{leaf}{cert}, 'certificate-key' => $op->{leaf}{key},
    issuer => $op->issuer('keycloak'), 'client-id' => '0oa4h1bQ7Kx2', subdomain => 'acme', domain => 'acme.eu.auth0.com',
    'keycloak-host' => 'login.acme.test', realm => 'staff', 'email-domain' => 'acme.test', group => 'Data owners', 'key-file' => "$key");
my %done;

# A site of the example; `application` is what stands behind it. `uncomment`: directives whose line is a comment.
sub example {
    my ($name, $application, %more) = @_;
    $done{"conf-examples/$name.conf"} = 1;
    my %mine = (%value, application => $application->origin . '/');
    my $uncomment = delete $more{uncomment} // [];
    my $conf = slurp("conf-examples/$name.conf", ':raw') =~ s/<([a-z][a-z-]*)>/$mine{$1} \/\/ die "$name: no value for <$1>\n"/ger;
    $conf =~ s/^(\s*)#(?=$_ )/$1/m or die "$name: no line #$_\n" for @$uncomment;
    $conf =~ s/<VirtualHost \*:(?:443|80)>/<VirtualHost *:\${PORT}>/g;
    $conf =~ s/127\.0\.0\.1:8580/127.0.0.1:$mint_port/g;
    $conf =~ s{http://127\.0\.0\.1:8585/}{$mine{application}}g;
    my $site = $op->site(whole => "<IfModule ssl_module>\nSSLSessionCache none\n</IfModule>\n$conf", httpd => {tls => undef, modules => ['ssl']}, %more);
    $site->{resolve}{$wiki} = $site->{resolve}{$host};
    $site->{browser} = $site->new_browser;
    return $site;
}

my $app = SSO::Upstream->new;
sub url { my ($path, $at) = @_; return 'https://' . ($at // $host) . $path }

# Opens a page as a person does, signs in, and is where she wanted to go.
sub enters {
    my ($site, $url, $through) = @_;
    my $page = $site->browser->go($url);
    ok scalar(grep { ($_->location // '') =~ /^\Q$through\E/ } $page->hops), 'to ' . $through =~ s{^https://([^/]+).*}{$1}r or diag $page->summary;
    is $page->status, 200, '… signed in' or diag $page->summary;
    return $page;
}

sub signs_out {
    my ($site) = @_;
    my $out = $site->browser->go(url('/sso/logout'));
    my ($form) = $out->forms;
    $out = $site->browser->settle($site->browser->submit($out, {})) if $form;
    ok !$site->session_cookie, 'signed out';
    $site->finish;
    return;
}

sub stranger { my ($site, $url, %more) = @_; return $site->new_browser->get($url, %more)->status }

subtest 'quickstart' => sub {
    my $site = example('quickstart', $app);
    my $page = enters($site, url('/page?x=1'), $value{issuer});
    is sent($page)->{url}, '/page?x=1', 'where she wanted to go';
    is sent_header($page, 'X-SSO-Email'), 'alice@acme.test', 'the application knows her';
    is stranger($site, url('/page'), fetch => 1), 401, 'a script without a session gets 401';
    signs_out($site);
};

subtest 'several-providers' => sub {
    my $site = example('several-providers', $app);
    is sent_header(enters($site, url('/'), 'https://login.acme.test/realms/staff'), 'X-SSO-Preferred-Username'), 'alice', 'staff at the first';
    is sent_header(enters($site, url('/partners/'), 'https://acme.eu.auth0.com/'), 'X-SSO-Sub'), 'auth0|64a1f2c09e7d', 'partners at the second';
    is $site->browser->go(url('/', $wiki))->status, 200, 'who has the group of the second site enters it';
    $op->control({keycloak => {user => {groups => ['staff']}}});
    is $site->new_browser->go(url('/', $wiki))->status, 403, 'who has not does not';
    $op->reset;
    is sent_header($site->browser->get(url('/')), 'X-SSO-Preferred-Username'), 'alice', 'the sessions stand side by side';
    $site->finish;
};

subtest 'api-and-spa' => sub {
    my $site = example('api-and-spa', $app);
    my $answer = $site->browser->get(url('/api/things'));
    is $answer->status, 401, 'the API without a session';
    is $answer->json->{login_url}, '/sso/login', '… names the login';
    is stranger($site, url('/api/public/news')), 200, 'its open part is open';
    enters($site, url('/sso/login?return=%2Fpage'), $value{issuer});
    my $page = $site->browser->get(url('/api/things'));
    is sent_header($page, 'X-App-User'), 'alice@acme.test', 'with one it knows her';
    is sent_header($page, 'X-SSO-Sub'), undef, '… by the named headers alone';
    is sent_header($site->browser->get(url('/api/public/news')), 'X-App-User'), 'alice@acme.test', 'who is signed in is known in the open part too';
    ok $site->browser->get(url('/sso/session'))->json->{signed_in}, '/sso/session says so';
    signs_out($site);
};

subtest 'tls-proxy' => sub {
    my $site = example('tls-proxy', $app, start => 0);
    my $front = SSO::Httpd->new(module => 0, host => $host, tls => $op->{leaf}, conf => "ProxyPreserveHost On\nProxyPass / http://127.0.0.1:@{[$site->httpd->port]}/");
    $_->start for $site->httpd, $front;
    $site->{resolve}{$host} = '127.0.0.1:' . $front->port;
    $site->{browser} = $site->new_browser;
    my $page = enters($site, url('/page'), $value{issuer});
    is sent_header($page, 'X-SSO-Email'), 'alice@acme.test', 'the application knows her';
    like $site->session_cookie->{name}, qr/^__Host-/, 'with the cookie of an https site';
    is stranger($site, url('/health')), 200, 'the health check needs no session';
    signs_out($site);
    $front->stop;
};

# OpenMetadata behind it: who it says one is.
my $me = '/api/v1/users/loggedInUser';
sub om { my (%config) = @_; return SSO::OP->_start('openmetadata', {users => {alice => {email => 'alice@acme.test', displayName => 'Alice Smith'}}, publicUrl => url(''), %config}) }
sub who { my ($site, %more) = @_; my $answer = $site->browser->get(url($me), %more); return $answer->status == 200 ? $answer->json->{name} : $answer->status }
sub of_openmetadata {
    my ($site) = @_;
    is stranger($site, url($me)), 401, 'the API without a session gets 401, never a redirect';
    is stranger($site, url($me), headers => {'X-Auth-Params-Email' => 'admin@open-metadata.org'}), 401, 'whatever a client calls himself';
    enters($site, url('/'), 'https://acme.onelogin.com/');
    return;
}

subtest 'reverse-proxy-openmetadata-header' => sub {
    my $om = om(filter => 'header');
    my $site = example('reverse-proxy-openmetadata-header', $om);
    of_openmetadata($site);
    is who($site), 'alice', 'OpenMetadata takes the address of the session';
    is who($site, headers => {'X-Auth-Params-Email' => 'admin@open-metadata.org'}), 'alice', '… and no other';
    signs_out($site);
    $om->stop;
};

subtest 'reverse-proxy-openmetadata-bearer' => sub {
    my $keys = SSO::Emulation::site($op, whole => '', start => 0)->new_browser->get('https://acme.onelogin.com/oidc/2/certs', plain => 1)->json;
    my $om = om(answers => {'GET /idp-keys' => {status => 200, json => $keys}}, authentication => {clientType => 'public', clientId => $value{'client-id'}, publicKeyUrls => ['/idp-keys', '/api/v1/system/config/jwks']});
    my $site = example('reverse-proxy-openmetadata-bearer', $om);
    of_openmetadata($site);
    is who($site), 'alice', 'OpenMetadata verifies the ID token';
    is who($site, headers => {Authorization => 'Bearer x.y.z'}), 'alice', '… of the session, not what a client sends';
    signs_out($site);
    $om->stop;
};

subtest 'reverse-proxy-openmetadata-minted' => sub {
    my $om = om(authentication => {clientType => 'public', publicKeyUrls => ["http://127.0.0.1:$mint_port/sso/jwks", '/api/v1/system/config/jwks']});
    my $site = example('reverse-proxy-openmetadata-minted', $om);
    of_openmetadata($site);
    is who($site), 'alice', 'OpenMetadata verifies the token of the module, with the key of the second virtual host';
    my $other = SSO::Browser->new;
    is $other->get("http://127.0.0.1:$mint_port/", plain => 1)->status, 403, '… which answers nothing else';
    signs_out($site);
    $om->stop;
};

subtest 'reverse-proxy-openmetadata-bridge' => sub {
    my $om = om(authentication => {clientType => 'public', publicKeyUrls => ["http://127.0.0.1:$mint_port/sso/jwks", '/api/v1/system/config/jwks']});
    my $site = example('reverse-proxy-openmetadata-bridge', $om);
    is stranger($site, url($me)), 401, 'the API without a session gets 401, never a redirect';
    my $page = enters($site, url('/'), 'https://acme.onelogin.com/');
    my ($marker) = map { ($_->location // '') =~ m{/auth/callback\?id_token=([^&]+)} } $page->hops;
    ok $marker, 'the interface gets a token to keep';
    is who($site, headers => {Authorization => "Bearer $marker"}), 'alice', '… with which OpenMetadata knows her';
    is who($site), 401, '… and without which nobody acts in her name';
    my $bot = $om->_call(POST => '/_token', {kind => 'bot', user => 'ingestion-bot'})->{token};
    is $site->new_browser->get(url($me), plain => 1, headers => {Authorization => "Bearer $bot"})->status, 200, 'a bot comes in by its own token';
    is $site->new_browser->get(url($me), plain => 1, headers => {Authorization => "Bearer $marker"})->status, 401, 'the token of a browser opens nothing elsewhere';
    allow_log $site, qr/SSO126/, qr/SSO401/;
    signs_out($site);
    $om->stop;
};

subtest 'the addresses that OpenMetadata\'s documentation registers' => sub {
    my $om = om(authentication => {clientType => 'public', publicKeyUrls => ["http://127.0.0.1:$mint_port/sso/jwks", '/api/v1/system/config/jwks']});
    my $site = example('reverse-proxy-openmetadata-bridge', $om, uncomment => [qw(SSORedirectURI SSOLoginPath)]);
    my $page = enters($site, url('/signin'), 'https://acme.onelogin.com/');
    ok scalar(grep { $_->url =~ m{^https://\Q$host\E/callback\?} } $page->hops), 'the tile of the portal signs in, by way of /callback';
    ok scalar(grep { ($_->location // '') =~ m{/auth/callback\?id_token=} } $page->hops), 'the interface gets a token to keep';
    allow_log $site, qr/SSO126/;
    signs_out($site);
    $om->stop;
};

subtest 'reverse-proxy-openmetadata-gate' => sub {
    my $om = om();
    my $site = example('reverse-proxy-openmetadata-gate', $om);
    of_openmetadata($site);
    is who($site), 401, 'OpenMetadata asks for a login of its own';
    my $token = $om->_call(POST => '/_token', {kind => 'user', user => 'alice'})->{token};
    is who($site, headers => {Authorization => "Bearer $token"}), 'alice', '… whose token reaches it untouched';
    signs_out($site);
    $om->stop;
};

my %provider = map { ("conf-examples/$_.conf" => 1) } qw(auth0 cognito dex entra generic gitlab google keycloak okta onelogin authentik zitadel);
is_deeply [grep { !$done{$_} && !$provider{$_} } files(qr{^conf-examples/[^/]+\.conf$})], [], 'no example is left out';
$app->stop;
$op->stop;
done_testing;
