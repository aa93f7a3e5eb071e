# SPDX-License-Identifier: Apache-2.0
# Sub-requests and internal redirects decide anew from the same session: DirectoryIndex, SSI, ErrorDocument, RewriteRule [PT],
# FallbackResource, method limits, HEAD and keep-alive.
use lib 't/lib';
use SSO::Test;

my $site = site(start => 0, httpd => {modules => [qw(include allowmethods negotiation autoindex)]}, server => <<'END' =~ s/^    //gmr);
    SSODevelopment On
    SSOStateDir "${ROOT}/state"
    Include ${ROOT}/conf/provider.conf
    <Directory ${ROOT}/htdocs>
        Options +Includes +FollowSymLinks +Indexes
        AddType text/html .shtml
        AddOutputFilter INCLUDES .shtml
        DirectoryIndex index.shtml
        Require all granted
    </Directory>
    <Location /guarded/>
        AuthType sso-oidc
        Require valid-user
        SSOClaimEnv SSO_
    </Location>
    <Location /admins/>
        AuthType sso-oidc
        Require sso-claim groups admins
    </Location>
    <Location /staff-only/>
        AuthType sso-oidc
        Require sso-claim groups nobody-has-this
    </Location>
    <Location /errors/>
        AuthType sso-oidc
        Require valid-user
    </Location>
    <Location /missing/>
        ErrorDocument 404 /errors/404.html
    </Location>
    <Directory ${ROOT}/htdocs/moved>
        RewriteEngine On
        RewriteRule ^(.*)$ /guarded/$1 [PT]
    </Directory>
    <Directory ${ROOT}/htdocs/guarded/fallback>
        FallbackResource /guarded/page.html
    </Directory>
    <Location /guarded/read-only/>
        AllowMethods GET HEAD
    </Location>
END
my $httpd = $site->httpd;
$httpd->write('conf/provider.conf', $site->client_conf);
$httpd->write('htdocs/guarded/index.shtml', 'who: <!--#echo var="REMOTE_USER" -->, sub: <!--#echo var="SSO_sub" -->');
$httpd->write('htdocs/guarded/page.html', 'a page');
$httpd->write('htdocs/guarded/include.shtml', 'A[<!--#include virtual="/admins/part.html" -->]B[<!--#include virtual="/staff-only/part.html" -->]');
$httpd->write('htdocs/public.shtml', 'P[<!--#include virtual="/guarded/page.html" -->]Q[<!--#include virtual="/sso/logout" -->]');
$httpd->write('htdocs/admins/part.html', 'for admins');
$httpd->write('htdocs/staff-only/part.html', 'secret');
$httpd->write('htdocs/errors/404.html', 'not here');
$httpd->write('htdocs/moved/x', '');
$httpd->write('htdocs/guarded/fallback/x', '');
$httpd->write('htdocs/guarded/read-only/x.html', 'read');
$httpd->start;
allow_log $site, qr/AH01363|unable to include|AH\d+/;

my $nobody = sub { $site->new_browser->get($site->url($_[0])) };
my $get = sub { $site->browser->get($site->url($_[0])) };

subtest 'nobody' => sub {
    is $nobody->('/guarded/')->status, 302, 'DirectoryIndex in a guarded Location';
    is $nobody->('/guarded')->status, 301, 'the directory without its slash is mod_dir\'s';
    my $public = $nobody->('/public.shtml');
    is $public->status, 200, 'a public page';
    unlike $public->body, qr/a page/, '… does not include what is guarded';
    is scalar($public->headers('set-cookie')), 0, '… and begins no login';
    unlike $public->body, qr/signed out/, '… nor ends one';
    is $nobody->('/missing/x')->status, 404, 'an ErrorDocument in a guarded Location is not shown';
    unlike $nobody->('/missing/x')->body, qr/not here/, '… to nobody';
    is $nobody->('/moved/page.html')->status, 302, 'a rewritten path is guarded';
    is $nobody->('/guarded/fallback/none')->status, 302, 'so is a fallback';
};

subtest 'alice' => sub {
    is login($site, '/guarded/')->body, 'who: alice, sub: alice', 'the index page knows her';
    my $page = $get->('/guarded/include.shtml');
    like $page->body, qr/A\[for admins\]/, 'a part she may see';
    unlike $page->body, qr/secret/, 'a part she may not see is not included';
    like $get->('/public.shtml')->body, qr/P\[a page\]/, 'a guarded part in a public page';
    ok $site->session_cookie, '… which does not sign her out';
    is $get->('/moved/page.html')->body, 'a page', 'rewritten';
    is $get->('/guarded/fallback/none')->body, 'a page', 'fallback';
    my $missing = $get->('/missing/x');
    is $missing->status, 404, 'a missing page';
    like $missing->body, qr/not here/, '… with the guarded ErrorDocument';
    is $get->('/guarded/read-only/x.html')->body, 'read', 'methods allowed';
    is $site->browser->request('DELETE', $site->url('/guarded/read-only/x.html'))->status, 405, 'methods that are not';
    my $head = $site->browser->head($site->url('/guarded/page.html'));
    is $head->status, 200, 'HEAD';
    is $head->body, '', '… has no body';
};

subtest 'a connection goes on after an answer of ours' => sub {
    my $host = "127.0.0.1:" . $httpd->port;
    my $out = $site->browser->raw($site->url('/'), join '',
        map { "$_ HTTP/1.1\r\nHost: $host\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n\r\n" }
            'GET /guarded/', 'HEAD /guarded/', "POST /guarded/", 'GET /sso/logout', 'HEAD /sso/logout', 'GET /sso/session');
    my @statuses = $out =~ m{^HTTP/1.1 (\d+)}mg;
    is_deeply \@statuses, [302, 302, 401, 200, 200, 200], 'six requests, six answers' or diag $out;
};
done_testing;
