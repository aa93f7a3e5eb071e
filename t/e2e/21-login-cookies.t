# SPDX-License-Identifier: Apache-2.0
# The cookies of logins that are under way: they never grow into a header that httpd refuses, are found after an
# internal redirect too, and cannot be made up.
use lib 't/lib';
use SSO::Test;
use MIME::Base64 qw(encode_base64url);

sub bytes { my $n = 0; $n += length "$_->{name}=$_->{value}; " for $_[0]->jar->all; return $n }
sub named { my ($browser, $name) = @_; return grep { $_->{name} =~ $name } $browser->jar->all }

subtest 'long return paths of many tabs do not lock the browser out' => sub {
    my $site = site();
    my $browser = $site->browser;
    my $path = sub { "/protected/$_[0]/" . 'x' x 1900 };
    my @tabs = map { $browser->get($site->url($path->($_))) } 1 .. 8;
    is_deeply [map { $_->status } @tabs], [(302) x 8], 'each tab is sent to the provider';
    cmp_ok bytes($browser), '<', 8190 - 256, 'the cookies fit into a request';
    is sent($browser->settle($browser->follow($tabs[7])))->{url}, $path->(8), 'the last tab ends where it wanted to go';
    my $first = $browser->settle($browser->follow($tabs[0]));
    is $first->url, $site->url('/'), 'the first, whose cookie made room, ends at the front page';
};

subtest 'nor do they beside a session of two cookies' => sub {
    my @groups = map { sprintf 'group-%04d-%s', $_, join '', map { chr(97 + int rand 26) } 1 .. 40 } 1 .. 80;
    my $site = site(op => {user => {sub => 'alice', groups => \@groups}});
    my $browser = $site->browser;
    my @tabs = map { $browser->get($site->url("/protected/$_/" . 'x' x 1000)) } 1 .. 4;
    is $browser->settle($browser->follow($tabs[$_]))->status, 200, "tab $_" for 3, 0;
    cmp_ok bytes($browser), '<', 8190 - 256, 'the cookies fit into a request';
    is $browser->get($site->url('/protected/'))->status, 200, 'the next page';
    is $browser->get($site->url('/sso/logout'))->status, 302, 'the logout';
};

subtest 'a login that begins after an internal redirect' => sub {
    my $site = site(start => 0, server => <<'END');
SSODevelopment On
SSOStateDir "${ROOT}/state"
Include ${ROOT}/conf/provider.conf
<Directory ${ROOT}/htdocs>
    Require all granted
</Directory>
<Location /protected/>
    AuthType sso-oidc
    Require valid-user
</Location>
<Directory ${ROOT}/htdocs/moved>
    RewriteEngine On
    RewriteRule ^(.*)$ /protected/$1 [PT]
</Directory>
END
    $site->httpd->write('conf/provider.conf', $site->client_conf);
    $site->httpd->write("htdocs/$_/x", 'x') for qw(moved protected);
    $site->httpd->start;
    my $browser = $site->browser;
    $browser->get($site->url("/moved/page$_")) for 1 .. 8;
    is scalar(named($browser, qr/-login-/)), 1, 'eight tabs share one login cookie';
    my $page;
    for (1 .. 5) {
        $page = $browser->get($site->url('/moved/x'));
        last if $page->status != 302;
        $page = $browser->follow($browser->follow($page));
        $browser->jar->clear('sso-' . $site->httpd->port);
    }
    is $page->status, 403, 'and the loop breaker sees its marker';
    expect_log $site, qr/reason=login-loop/;
};

subtest 'made-up login cookies do not fill the table of ended logins' => sub {
    my $site = site();
    my $port = $site->httpd->port;
    for my $round (1 .. 90) {
        my $line = join '; ', map { sprintf "sso-$port-login-%s=x", encode_base64url(pack 'NN', $round, $_) } 1 .. 190;
        $site->new_browser->get($site->url('/sso/logout'), headers => {Cookie => $line});
    }
    is scalar(my @full = $site->log->lines(qr/SSO211/)), 0, 'a logout can be remembered still';
};

subtest 'the marker of the loop breaker is one of our cookies' => sub {
    my $op = SSO::OP->scripted;
    my $section = "<SSOProvider d>\nSSOIssuer @{[$op->issuer]}\nSSOClientID public\n</SSOProvider>";
    my $site = site(provider => $op, snippet => $section, start => 0);
    ok !$site->httpd->try_start, 'a provider whose session would have its name does not start';
    like $site->httpd->why, qr/SSO167: SSOCookie: "sso-\d+-d" has the cookies of provider "default" too/,
        'and the log says so';
    allow_log $site, qr/SSO167|AH\d+/;
    my $named = site(snippet => 'SSOCookie app');
    is sent_header(login($named, '/protected/'), 'Cookie'), undef,
        'with SSOCookie it does not reach the application either';
};
done_testing;
