# SPDX-License-Identifier: Apache-2.0
# Who can sign a person out: she herself and scripts of the site, not an image in what others wrote, not a browser that
# loads links in advance, not an ErrorDocument.
use lib 't/lib';
use SSO::Test;

my $site = site(snippet => "ErrorDocument 410 /sso/logout\nRedirect gone /gone\n");
my $browser = $site->browser;
my %refused = (
    'an image' => {'Sec-Fetch-Dest' => 'image', 'Sec-Fetch-Mode' => 'no-cors', 'Sec-Fetch-Site' => 'same-origin'},
    'a style' => {'Sec-Fetch-Dest' => 'style', 'Sec-Fetch-Mode' => 'no-cors', 'Sec-Fetch-Site' => 'same-origin'},
    'a prefetch' => {'Sec-Purpose' => 'prefetch'},
    'a prerendered page' => {'Sec-Purpose' => 'prefetch;prerender'},
    'an old prefetch' => {'X-Moz' => 'prefetch'},
    'a frame of another site' =>
        {'Sec-Fetch-Dest' => 'iframe', 'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Site' => 'cross-site'},
    'a fetch of another site' =>
        {'Sec-Fetch-Dest' => 'empty', 'Sec-Fetch-Mode' => 'no-cors', 'Sec-Fetch-Site' => 'cross-site'},
);
login($site, '/protected/');
for my $name (sort keys %refused) {
    my $page = $browser->get($site->url('/sso/logout'), headers => $refused{$name});
    is $page->status, 403, "$name is refused";
    is scalar($page->headers('set-cookie')), 0, '… and takes no cookie away';
    expect_log $site, qr/SSO215: .*reason=logout-not-asked/;
    is $browser->get($site->url('/protected/'))->status, 200, '… she is signed in still';
}
$browser->get($site->url('/gone'));
is $browser->get($site->url('/protected/'))->status, 200, 'an ErrorDocument signs nobody out';

for my $ask ([GET => site => 'cross-site'], [GET => fetch => 1], [POST => fetch => 1], [POST => form => {}],
    [GET => plain => 1]) {
    my ($method, @opt) = @$ask;
    login($site, '/protected/');
    is $browser->request($method, $site->url('/sso/logout'), @opt)->status, $method eq 'GET' ? 302 : 303,
        "$method @opt signs out" or diag $browser->last->summary;
    ok !$site->session_cookie, '… here' if "@opt" !~ /cross/;
}
allow_log $site, qr/AH\d+/;
done_testing;
