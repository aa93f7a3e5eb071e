# SPDX-License-Identifier: Apache-2.0
# A client cannot strip an identity header or token on the way to the application by naming it in Connection.
use lib 't/lib';
use SSO::Test;

my $site = site(snippet => <<'END');
<Location /token/>
    AuthType sso-oidc
    Require valid-user
    SSOPassToken id
</Location>
<Location /named/>
    AuthType sso-oidc
    Require valid-user
    RequestHeader set X-Remote-User "expr=%{REMOTE_USER}"
</Location>
END
is login($site, '/protected/')->status, 200, 'a login';
sub ask { my ($path, $line) = @_; return $site->browser->get($site->url($path), headers => {Connection => $line}) }
for my $connection ('close, X-SSO-Sub', 'X-SSO-SUB', 'close,x-sso-groups,X-SSO-Sub', "Keep-Alive,\tX-SSO-Sub",
    ['close', 'X-SSO-Sub']) {
    my $name = ref $connection ? 'two lines' : $connection;
    my $page = ask('/protected/', $connection);
    is sent_header($page, 'X-SSO-Sub'), 'alice', $name =~ tr/\t/ /r;
    is sent_header($page, 'X-SSO-Groups'), 'admins,staff', '… and her groups';
}
like sent_header(ask('/token/', 'close, Authorization'), 'Authorization'), qr/^Bearer eyJ/, 'a token';
is sent_header(ask('/named/', 'close, X-Remote-User'), 'X-Remote-User'), 'alice',
    'a header the operator makes of REMOTE_USER';
is sent_header(ask('/open/', 'close, X-Own'), 'X-Own'), undef, 'where nobody is signed in it is as ever';
done_testing;
