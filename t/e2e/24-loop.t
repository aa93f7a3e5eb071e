# SPDX-License-Identifier: Apache-2.0
# The loop breaker: a login that finishes again and again without a session arriving is stopped with a page.
use lib 't/lib';
use SSO::Test;

my $site = site();
my $browser = $site->browser;
my $page;
for my $round (1 .. 4) {
    $page = $browser->get($site->url('/protected/'));
    last if $page->status != 302;
    $page = $browser->follow($browser->follow($page)); # at the callback
    is $page->status, 302, "round $round ends at the return path";
    # a browser that drops the session cookie, but not the small ones
    $browser->jar->clear('sso-' . $site->httpd->port);
}
is $page->status, 403, 'then it is stopped';
like $page->body, qr/Sign-in was stopped/, 'with a page';
like $page->header('Content-Security-Policy'), qr/default-src 'none'/, 'with a strict policy';
expect_log $site, qr/SSO203: .*does not send the session cookie back.*reason=login-loop/, 'and the log names the cause';
is login($site, '/protected/')->status, 200, 'after that a login is possible again';

subtest 'a few quick logouts are no loop' => sub {
    my $quick = $site->new_browser;
    for my $round (1 .. 5) {
        is login($site, '/protected/', browser => $quick)->status, 200, "login $round";
        $quick->get($site->url('/sso/logout'));
    }
};

subtest 'a browser without cookies' => sub {
    my $none = $site->new_browser;
    my $start = $none->get($site->url('/protected/'), keep => 0);
    my $back = $none->get($none->follow($start)->location, from => $site->op->issuer, keep => 0);
    is $back->status, 400, 'is told at once';
    like $back->body, qr/Sign-in needs cookies/, 'what is missing';
    expect_log $site, qr/reason=login-cookie-absent/;
};
done_testing;
