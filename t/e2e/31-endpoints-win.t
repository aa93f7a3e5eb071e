# SPDX-License-Identifier: Apache-2.0
# Our endpoints win over everything an operator may have configured, and need no Location of their own.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted;
my %cases = (
    'ProxyPass /' => {snippet => 'ProxyPass / ${UPSTREAM}/'},
    'ProxyPass / mapping=encoded' => {snippet => 'ProxyPass / ${UPSTREAM}/ mapping=encoded', first => 1},
    'ProxyPassMatch' => {snippet => 'ProxyPassMatch ^/(.*)$ ${UPSTREAM}/$1', first => 1},
    'Location SetHandler' => {snippet => "<Location />\nSetHandler server-status\n</Location>"},
    'server SetHandler' => {snippet => 'SetHandler server-status'},
    'server RewriteRule' => {snippet => "RewriteEngine On\nRewriteRule ^ /index.html [L]"},
    'server RewriteRule forbidding' => {snippet => "RewriteEngine On\nRewriteRule ^/sso/ - [F]"},
    'Location RewriteRule' => {snippet => "<Location />\nRewriteEngine On\nRewriteRule .* /index.html [L]\n</Location>"},
    'Directory RewriteRule [PT]' => {snippet => "<Directory \${ROOT}/htdocs>\nRewriteEngine On\nRewriteRule .* /index.html [PT]\n</Directory>"},
    'Redirect' => {snippet => 'Redirect /sso/ https://elsewhere.example/'},
    'Location Redirect' => {snippet => "<Location /sso/>\nRedirect 301 https://elsewhere.example/\n</Location>"},
    'Alias /' => {snippet => 'Alias / ${ROOT}/htdocs/'},
    'FallbackResource in a Directory' => {snippet => "<Directory \${ROOT}/htdocs>\nFallbackResource /index.html\n</Directory>"},
    'FallbackResource in a Location' => {snippet => "<Location />\nFallbackResource /index.html\n</Location>"},
    'FallbackResource in the server' => {snippet => 'FallbackResource /index.html'},
    'ErrorDocument' => {snippet => "ErrorDocument 400 /index.html\nErrorDocument 404 /index.html"},
    'Require all denied' => {snippet => "<Location />\nRequire all denied\n</Location>", closed => 1},
    'If all denied' => {snippet => "<If \"true\">\nRequire all denied\n</If>", closed => 1},
    'Deny from all' => {snippet => "<Location />\nOrder deny,allow\nDeny from all\n</Location>", modules => ['access_compat'], closed => 1},
    'Location with basic authentication' => {snippet => "<Location /sso/>\nAuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n</Location>", modules => ['auth_basic', 'authn_file']},
    'Location with our own AuthType' => {snippet => "<Location />\nAuthType sso-oidc\nRequire valid-user\n</Location>"},
    'AllowMethods' => {snippet => "<Location />\nAllowMethods POST\n</Location>", modules => ['allowmethods'], closed => 1},
    'mod_userdir' => {snippet => 'UserDir public_html', modules => ['userdir']},
    'MultiViews' => {snippet => "<Directory \${ROOT}/htdocs>\nOptions +MultiViews\n</Directory>", modules => ['negotiation']},
    'mod_speling' => {snippet => 'CheckSpelling On', modules => ['speling']},
    'mod_expires' => {snippet => "ExpiresActive On\nExpiresDefault \"access plus 1 month\"", modules => ['expires']},
    'Action' => {snippet => "Action text/html /index.html virtual\nAddHandler x .html", modules => ['actions']},
);

for my $name (sort keys %cases) {
    my $case = $cases{$name};
    subtest $name => sub {
        my $site = site(provider => $op, snippet => $case->{snippet}, httpd => {modules => $case->{modules} // []});
        $site->httpd->write("htdocs/sso/$_", "a file at our place\n") for qw(login callback logout);
        my $browser = $site->browser;
        allow_log $site, qr/SSO2\d\d|client denied|AH\d+/;

        my $login = $browser->get($site->url('/sso/login?return=/sso/session'));
        is $login->status, 302, 'the login endpoint answers';
        like $login->location, qr{^\Q@{[$op->issuer]}\E/authorize\?}, '… with the provider';
        like $login->header('Cache-Control'), qr/^no-store$/, '… not cacheable';
        is $login->header('Expires'), '0', '… in either language';

        my $refused = $browser->get($site->url('/sso/callback?state=x&code=y'));
        is $refused->status, 400, 'the callback is ours';
        like $refused->body, qr/Sign-in did not work/, '… with our page';

        my $session = $browser->settle($browser->follow($login));
        is $session->status, 200, 'a login ends at the session endpoint';
        ok $session->json->{signed_in}, '… signed in';

        my $head = $browser->head($site->url('/sso/session'));
        is $head->status, 200, 'HEAD is answered';
        is $head->body, '', '… without a body';
        isnt $browser->request('TRACE', $site->url('/sso/session'))->status, 200, 'TRACE is not echoed';
        is $browser->get($site->url('/sso/no-such-thing'))->status, 404, 'what we do not have is 404';

        my $logout = $browser->get($site->url('/sso/logout'));
        is $logout->status, 302, 'the logout endpoint answers';
        like $logout->location, qr{/end_session\?}, '… and goes on to the provider';
        ok !$browser->get($site->url('/sso/session'))->json->{signed_in}, 'signed out';
    };
}
done_testing;
