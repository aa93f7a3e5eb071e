# SPDX-License-Identifier: Apache-2.0
# Every way httpd has to guard something, asked with every method by somebody nobody knows: what is guarded answers 302,
# 401, 403 or 405 and never with its contents. What httpd itself leaves open by its own rules is written down here.
use lib 't/lib';
use SSO::Test;

my $site = site(start => 0, httpd => {modules => [qw(access_compat auth_basic authn_file authn_anon dav dav_fs)]},
    server => <<'END');
SSODevelopment On
SSOStateDir "${ROOT}/state"
Include ${ROOT}/conf/provider.conf
DavLockDB ${ROOT}/run/dav
<Directory ${ROOT}/htdocs>
    AllowOverride All
    Require all granted
    Options +Indexes
</Directory>
<Location /plain/>
    AuthType sso-oidc
    Require valid-user
</Location>
<Location /upper/>
    AuthType SSO-OIDC
    Require valid-user
</Location>
<Location /any-but-denied/>
    AuthType sso-oidc
    Require valid-user
    Satisfy Any
    Order deny,allow
    Deny from all
</Location>
<Location /and/>
    AuthType sso-oidc
    Require sso-claim groups nobody-has-this
</Location>
<Location /and/deeper/>
    AuthMerging And
    Require valid-user
</Location>
<Location /nested/>
    AuthType sso-oidc
    <RequireAny>
        <RequireAll>
            Require ip 127.0.0.1
            <RequireAny>
                Require sso-claim groups nobody-has-this
                Require expr "'nobody-has-this' in sso_claim('groups')"
            </RequireAny>
        </RequireAll>
        <RequireAll>
            Require all granted
            <RequireNone>
                Require ip 127.0.0.1
            </RequireNone>
        </RequireAll>
    </RequireAny>
</Location>
<If "%{REQUEST_URI} =~ m#^/if/#">
    AuthType sso-oidc
    Require valid-user
</If>
<If "! -n %{SSO_CLAIM:sub}">
    Header set X-If "nobody"
</If>
<Files "*.secret">
    AuthType sso-oidc
    Require valid-user
</Files>
<Location /limit/>
    AuthType sso-oidc
    <LimitExcept OPTIONS>
        Require valid-user
    </LimitExcept>
</Location>
<Location /dav/>
    Dav On
    AuthType sso-oidc
    Require valid-user
</Location>
<Location /basic-inside/>
    AuthType sso-oidc
    AuthName x
    AuthBasicProvider anon
    Anonymous *
    Require valid-user
</Location>
<Location /expr-of-subrequest/>
    AuthType sso-oidc
    Require expr "-U '/plain/x' || 'admins' in sso_claim('groups')"
</Location>
END
my @guarded = map { "/$_" } qw(plain/x plain/ upper/x any-but-denied/x and/x and/deeper/x nested/x if/x
    files/x.secret limit/x dav/x basic-inside/x htaccess/x expr-of-subrequest/x);
my $httpd = $site->httpd;
$httpd->write('conf/provider.conf', $site->client_conf);
$httpd->write("htdocs$_", 'CONTENTS') for grep { !m{/$} } @guarded;
$httpd->write('htdocs/htaccess/.htaccess', "AuthType sso-oidc\nRequire valid-user\n");
$httpd->start;
allow_log $site, qr/AH\d+|client denied/;

my %basic = (Authorization => 'Basic ' . 'eDp4');
my @methods = qw(GET HEAD POST PUT DELETE PATCH OPTIONS PROPFIND MKCOL LOCK COPY BREW get);
for my $path (@guarded) {
    subtest $path => sub {
        for my $method (@methods) {
            for my $headers ({}, \%basic, {'X-SSO-Sub' => 'mallory', Cookie => 'sso-' . $httpd->port . '=1AAAA'}) {
                my $page = $site->new_browser->request($method, $site->url($path), headers => $headers,
                    $method =~ /^P/ ? (body => 'x') : ());
                next if $path eq '/limit/x' && $method eq 'OPTIONS'; # the operator's own exception
                like $page->status, qr/^(?:302|303|401|403|405)$/, "$method is refused";
                unlike $page->body, qr/CONTENTS/, '… and shows nothing';
            }
        }
        my $trace = $site->new_browser->request('TRACE', $site->url($path));
        unlike $trace->body, qr/CONTENTS/, 'TRACE, which httpd itself echoes, shows nothing either';
    };
}

subtest 'signed in' => sub {
    login($site, '/plain/x');
    my %status = ('/and/x' => 403, '/and/deeper/x' => 403, '/nested/x' => 403);
    is $site->browser->get($site->url($_))->status, $status{$_} // 200, $_ for grep { !m{/$} } @guarded;
};

# The two traps that are httpd's and not ours.
subtest 'what httpd leaves open by its own rules' => sub {
    my $open = site(provider => $site->op, start => 0, httpd => {modules => ['access_compat']}, server => <<'END');
SSODevelopment On
SSOStateDir "${ROOT}/state"
Include ${ROOT}/conf/provider.conf
<Location /any/>
    AuthType sso-oidc
    Require valid-user
    Satisfy Any
</Location>
<Location /no-rule/>
    AuthType sso-oidc
</Location>
<Location /no-rule-at-all/>
    AuthType sso-oidc
    AuthMerging Off
</Location>
END
    $open->httpd->write('conf/provider.conf', $open->client_conf);
    $open->httpd->write("htdocs/$_/x", 'CONTENTS') for qw(any no-rule no-rule-at-all);
    $open->httpd->start;
    my %means = (any => [200, 'Satisfy Any without a Deny is open, as with any AuthType'],
        'no-rule' => [200, 'AuthType without Require: what an outer section grants holds'],
        'no-rule-at-all' => [500, '… and where nothing does, nobody gets in']);
    is $open->browser->get($open->url("/$_/x"))->status, $means{$_}[0], $means{$_}[1] for sort keys %means;
    expect_log $open, qr{SSO191: Require: <Location /no-rule/> has AuthType sso-oidc .*nobody has to sign in there}, 'httpd -t warns of it';
    allow_log $open, qr/AH01627/, qr/SSO191/;
    $open->{op} = undef;
};
done_testing;
