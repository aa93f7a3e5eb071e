# SPDX-License-Identifier: Apache-2.0
# The session: where it lies, what it is bound to, when it ends, and what happens to one that was changed.
use lib 't/lib';
use SSO::Test;
use MIME::Base64 qw(encode_base64);

my $n = 0;
sub key_line { return encode_base64(join('', map { chr int rand 256 } 1 .. 32), "\n") }
sub with_session { my ($site, $name, $value) = @_; return $site->new_browser->get($site->url('/protected/'), headers => {Cookie => "$name=$value"}) }

subtest 'a session cookie' => sub {
    my $site = site(snippet => 'SSOKeyFile "${ROOT}/keys"', start => 0);
    $site->httpd->write('keys', key_line(), 0600);
    $site->httpd->start;
    my $page = login($site, '/protected/');
    my ($callback) = grep { $_->url =~ m{/sso/callback} } $page->hops;
    my ($line) = grep { /^sso-\d+=./ } $callback->headers('set-cookie');
    like $line, qr/; HttpOnly/i, 'HttpOnly';
    like $line, qr/; SameSite=Lax/i, 'SameSite=Lax';
    like $line, qr{; Path=/(?:;|$)}i, 'Path=/';
    unlike $line, qr/Domain/i, 'host-only';
    my $cookie = $site->session_cookie;
    my ($name, $value) = @$cookie{qw(name value)};
    is with_session($site, $name, $value)->status, 200, 'is all it takes';

    for my $at (0, 1, 5, 10, 20, int(length($value) / 2), length($value) - 1) {
        my $changed = $value;
        substr($changed, $at, 1) = substr($changed, $at, 1) eq 'A' ? 'B' : 'A';
        is with_session($site, $name, $changed)->status, 302, "changed at $at: no session";
    }
    is with_session($site, $name, substr $value, 0, -1)->status, 302, 'cut short: no session';
    is with_session($site, $name, "$value$value")->status, 302, 'twice: no session';
    is with_session($site, $name, '')->status, 302, 'empty: no session';
    is with_session($site, $name, 'x' x 6000)->status, 302, 'a bomb: no session';
    is with_session($site, $name, "1tampered; $name=$value")->status, 200, 'a tossed cookie does not lock the real one out';
    my $first = $site->session_cookie->{value};
    $site->browser->get($site->url('/sso/logout'));
    login($site, '/protected/');
    isnt $site->session_cookie->{value}, $first, 'a new one at each login';

    subtest 'keys rotate' => sub {
        my $old = $site->session_cookie->{value};
        my $keys = $site->httpd->read('keys');
        $site->httpd->write('keys', key_line() . $keys, 0600);
        $site->httpd->graceful;
        is with_session($site, $name, $old)->status, 200, 'a new key on top: old sessions live';
        my $new_browser = $site->new_browser;
        login($site, '/protected/', browser => $new_browser);
        my $new = $site->session_cookie($new_browser)->{value};
        $site->httpd->write('keys', (split /^/, $site->httpd->read('keys'))[0], 0600);
        $site->httpd->graceful;
        is with_session($site, $name, $old)->status, 302, 'the old key removed: they are gone';
        expect_log $site, qr/SSO210: .*reason=box-unknown-key/;
        is with_session($site, $name, $new)->status, 200, 'those of the new key live';
    };
};

subtest 'two cookies, and what does not fit' => sub {
    my @groups = map { sprintf 'group-%04d-%s', $_, join '', map { chr(97 + int rand 26) } 1 .. 40 } 1 .. 95;
    my $user = {sub => 'alice', email => 'alice@example.com', groups => \@groups};
    my $site = site(op => {user => $user}, httpd => {without => ['socache_shmcb']});
    my $page = login($site, '/protected/');
    is $page->status, 200, 'a session of two cookies';
    my @parts = grep { $_->{name} =~ /^sso-\d+(?:\.1)?$/ } $site->browser->jar->all;
    is scalar(@parts), 2, 'both are there';
    cmp_ok length("$_->{name}=$_->{value}"), '<=', 4096, 'a browser keeps it' for @parts;
    is sent_header($page, 'X-SSO-Groups'), join(',', @groups), 'all groups arrive';
    $site->browser->jar->clear('sso-' . $site->httpd->port . '.1');
    is $site->browser->get($site->url('/protected/'))->status, 302, 'half a session is none';
    expect_log $site, qr/reason=session-half/;

    my @many = map { sprintf 'group-%04d-%s', $_, join '', map { chr(33 + int rand 90) } 1 .. 60 } 1 .. 400;
    $site->op->control({user => {groups => \@many}});
    my $too_much = login($site, '/protected/', browser => my $browser = $site->new_browser);
    is $too_much->status, 500, 'too large without a cache: the login fails';
    expect_log $site, qr/SSO209: .*\d+ bytes.*groups \d+ B.*SSOSessionClaims.*reason=session-too-large/, 'naming size, claims and ways out';
    ok !$site->session_cookie($browser), 'no session';

    my $spill = site(op => {user => {%$user, groups => \@many}}, snippet => 'SSOCache "shmcb:${ROOT}/run/sso-cache(4194304)"');
    my $spilled = login($spill, '/protected/');
    is $spilled->status, 200, 'with SSOCache the same login works';
    cmp_ok length($spill->session_cookie->{value}), '<', 200, 'the cookie is a reference';
    my $value = $spill->session_cookie->{value};
    $spill->browser->get($spill->url('/sso/logout'));
    is with_session($spill, "sso-" . $spill->httpd->port, $value)->status, 302, 'gone after logout';
    allow_log $spill, qr/SSO210/;
};

subtest 'it ends' => sub {
    my $site = site(snippet => 'SSOSessionTimeout 2s 5s');
    login($site, '/protected/');
    is $site->browser->get($site->url('/protected/'))->status, 200, 'at work';
    sleep 3;
    is $site->browser->get($site->url('/protected/'))->status, 302, 'idle for too long';
    expect_log $site, qr/reason=session-idle/;
    $site->browser->jar->clear;
    login($site, '/protected/');
    for (1 .. 4) { sleep 1; $site->browser->get($site->url('/protected/')) }
    sleep 2;
    is $site->browser->get($site->url('/protected/'))->status, 302, 'the absolute limit, whatever the activity';
    expect_log $site, qr/reason=session-(?:expired|idle)/;
};

subtest 'it is bound to site and client' => sub {
    my $key = key_line();
    my @sites = map { site(snippet => 'SSOKeyFile "${ROOT}/keys"', start => 0, client => $_) } qw(public basic);
    for my $site (@sites) {
        $site->httpd->write('keys', $key, 0600);
        $site->httpd->start;
    }
    login($sites[0], '/protected/');
    my $value = $sites[0]->session_cookie->{value};
    is with_session($sites[1], 'sso-' . $sites[1]->httpd->port, $value)->status, 302, 'the same keys, another client: no session';
    expect_log $sites[1], qr/reason=box-tampered/;
};

subtest 'the cache store' => sub {
    my $site = site(snippet => "SSOSessionStore cache\nSSOCache shmcb:\${ROOT}/run/sso-cache(524288)");
    is login($site, '/protected/')->status, 200, 'a login';
    my $value = $site->session_cookie->{value};
    like $value, qr/^r/, 'the cookie is a reference';
    is with_session($site, 'sso-' . $site->httpd->port, $value)->status, 200, 'is all it takes';
    $site->browser->get($site->url('/sso/logout'));
    is with_session($site, 'sso-' . $site->httpd->port, $value)->status, 302, 'gone after logout';
    allow_log $site, qr/SSO210/;
};
done_testing;
