# SPDX-License-Identifier: Apache-2.0
# What the application gets to know, and what a client cannot make it believe.
use lib 't/lib';
use SSO::Test;

my $site = site(start => 0, snippet => <<'END');
<Location /mapped/>
    AuthType sso-oidc
    Require valid-user
    SSOClaimPrefix none
    SSOClaimHeader email X-Mail
    SSOClaimHeader realm_access.roles X-Roles
    SSOClaimDelimiter ;
</Location>
<Location /preset/>
    AuthType sso-oidc
    Require valid-user
    SSOHeaders openmetadata
</Location>
<Location /named/>
    AuthType sso-oidc
    Require valid-user
    SSORemoteUser email "^([^@]+)@example\.com$" "$1"
    RequestHeader set X-Remote-User "expr=%{REMOTE_USER}"
    RequestHeader set X-Expr "expr=%{SSO_CLAIM:name}"
</Location>
<Location /encoded/>
    AuthType sso-oidc
    Require valid-user
    SSOClaimFormat percent
</Location>
<Location /optional/>
    AuthType sso-oidc
    Require all granted
</Location>
<Location /of/>
    AuthType sso-oidc
    Require valid-user
    SSOClaimPrefix none
</Location>
END
my @presets = qw(openmetadata forwarded auth-request webauth remote-user proxy-user authelia authentik);
$site->httpd->conf(join "\n", $site->httpd->conf, map { "<Location /of/$_/>\nSSOHeaders $_\n</Location>" } @presets);
$site->httpd->start;

subtest 'claims as headers' => sub {
    my $page = login($site, '/protected/');
    is sent_header($page, 'X-SSO-Sub'), 'alice', 'sub';
    is sent_header($page, 'X-SSO-Email'), 'alice@example.com', 'email';
    is sent_header($page, 'X-SSO-Email-Verified'), 'true', 'a boolean';
    is sent_header($page, 'X-SSO-Preferred-Username'), 'alice', 'a name with an underscore';
    is sent_header($page, 'X-SSO-Groups'), 'admins,staff', 'a list';
    is sent_header($page, 'X-SSO-Realm-Access-Roles'), 'admin,user', 'nested';
    is sent_header($page, 'X-SSO-Nonce'), undef, 'protocol claims stay here';
    my $seen = sent($page);
    ok !(grep { /sso-\d+|__Host-sso/ } values %{$seen->{headers}}), 'our cookies do not reach the application';
};

subtest 'other cookies reach the application' => sub {
    my $cookie = $site->session_cookie;
    my $page = $site->browser->get($site->url('/protected/'), cookies => 0,
        headers => {Cookie => "theme=dark; $cookie->{name}=$cookie->{value}; lang=de"});
    is sent_header($page, 'Cookie'), 'theme=dark; lang=de', 'as they were';
    my $public = $site->browser->get($site->url('/open/'), cookies => 0,
        headers => {Cookie => "theme=dark; $cookie->{name}=$cookie->{value}"});
    is sent_header($public, 'Cookie'), 'theme=dark', 'on unguarded paths ours are cut out too';
};

subtest 'mapped' => sub {
    my $page = $site->browser->get($site->url('/mapped/'));
    is sent_header($page, 'X-Mail'), 'alice@example.com', 'an explicit map';
    is sent_header($page, 'X-Roles'), 'admin;user', 'a path and another delimiter';
    is sent_header($page, 'X-SSO-Sub'), undef, 'no automatic headers';
    is sent_header($site->browser->get($site->url('/preset/')), 'X-Auth-Params-Email'), 'alice@example.com', 'a preset';
    my $named = $site->browser->get($site->url('/named/'));
    is sent_header($named, 'X-Remote-User'), 'alice', 'REMOTE_USER by rule';
    is sent_header($named, 'X-Expr'), 'Alice Müller', 'an expression in RequestHeader';
    is sent_header($site->browser->get($site->url('/encoded/')), 'X-SSO-Name'), 'Alice%20M%C3%BCller', 'percent-encoded';
};

# Each preset at a location of its own: what alice's application sees, and that nobody else can write it.
subtest 'presets' => sub {
    my %sends = (
        openmetadata => {'X-Auth-Params-Email' => 'alice@example.com'},
        forwarded => {'X-Forwarded-User' => 'alice', 'X-Forwarded-Email' => 'alice@example.com',
            'X-Forwarded-Groups' => 'admins,staff', 'X-Forwarded-Preferred-Username' => 'alice'},
        'auth-request' => {'X-Auth-Request-User' => 'alice', 'X-Auth-Request-Email' => 'alice@example.com',
            'X-Auth-Request-Groups' => 'admins,staff', 'X-Auth-Request-Preferred-Username' => 'alice'},
        webauth => {'X-WEBAUTH-USER' => 'alice', 'X-WEBAUTH-NAME' => 'Alice Müller', 'X-WEBAUTH-FULLNAME' => 'Alice Müller',
            'X-WEBAUTH-EMAIL' => 'alice@example.com', 'X-WEBAUTH-GROUPS' => 'admins,staff'},
        'remote-user' => {'Remote-User' => 'alice', 'Remote-Email' => 'alice@example.com', 'Remote-Name' => 'Alice Müller',
            'Remote-Groups' => 'admins,staff'},
        'proxy-user' => {'X-Proxy-User' => 'alice', 'X-Proxy-Roles' => 'admins,staff'},
        authelia => {'Remote-User' => 'alice', 'Remote-Email' => 'alice@example.com', 'Remote-Name' => 'Alice Müller',
            'Remote-Groups' => 'admins,staff'},
        authentik => {'X-authentik-username' => 'alice', 'X-authentik-email' => 'alice@example.com',
            'X-authentik-name' => 'Alice Müller', 'X-authentik-uid' => 'alice', 'X-authentik-groups' => 'admins|staff'},
    );
    my @more = qw(X-Forwarded-Access-Token X-Auth-Request-Access-Token X-WEBAUTH-ROLE X-Proxy-Ext-Dept X-authentik-jwt);
    my %forged = map { $_ => 'mallory' } @more, map { keys %$_ } values %sends;
    my $page = $site->browser->get($site->url('/open/'), headers => {%forged, map { tr/-/_/r => 'mallory' } keys %forged});
    my $seen = sent($page);
    is_deeply [grep { $seen->{headers}{$_} =~ /mallory/ } keys %{$seen->{headers}}], [], 'none can be written by a client';
    for my $preset (sort keys %sends) {
        my $page = $site->browser->get($site->url("/of/$preset/"), headers => \%forged);
        is sent_header($page, $_), $sends{$preset}{$_}, "$preset: $_" for sort keys %{$sends{$preset}};
        my $all = sent($page)->{headers};
        is_deeply [grep { $all->{$_} =~ /mallory/ } keys %$all], [], "$preset: and nothing of the client";
    }
};

subtest 'optional identity' => sub {
    is sent_header($site->browser->get($site->url('/optional/')), 'X-SSO-Sub'), 'alice', 'who is signed in is known';
    my $page = $site->new_browser->get($site->url('/optional/'));
    is $page->status, 200, 'who is not may pass';
    is sent_header($page, 'X-SSO-Sub'), undef, '… as nobody';
};

subtest 'names are scrubbed on every path' => sub {
    my @names = ('X-SSO-Sub', 'X_SSO_Sub', 'x-sso-SUB', 'X.SSO.Sub', 'X-SSO_Sub', 'X~SSO~Sub', 'X-SSO-Admin', 'X-Mail', 'x_mail',
        'X-Auth-Params-Email', 'X_Auth_Params_Email', 'x-auth-PARAMS-email');
    for my $path ('/protected/', '/open/', '/optional/', '/mapped/') {
        for my $name (@names) {
            my $page = $site->browser->get($site->url($path), headers => {$name => 'mallory'});
            my $seen = sent($page) or do { fail "$path answers"; next };
            ok !(grep { $seen->{headers}{$_} =~ /mallory/ } keys %{$seen->{headers}}), "$name on $path";
        }
    }
    my $double = $site->browser->get($site->url('/protected/'), headers => {'X-SSO-Sub' => ['mallory', 'eve']});
    is sent_header($double, 'X-SSO-Sub'), 'alice', 'twice';
    my $raw = $site->browser->raw($site->url('/open/'), "POST /open/ HTTP/1.1\r\nHost: 127.0.0.1:" . $site->httpd->port
        . "\r\nTransfer-Encoding: chunked\r\nTrailer: X-SSO-Sub\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-SSO-Sub: mallory\r\n\r\n");
    unlike $raw, qr/mallory/, 'in a trailer';
};

subtest 'hostile values' => sub {
    $site->op->control({user => {sub => 'eve', email => "eve\@example.com", groups => ['a,admins', 'b'], note => "x\r\nX-SSO-Sub: alice",
        Sub => 'alice', 'S.U.B' => 'q', SUB => 'alice', email_verified => false}});
    my $eve = $site->new_browser;
    my $page = login($site, '/protected/', browser => $eve);
    is sent_header($page, 'X-SSO-Sub'), 'eve', 'look-alike claims do not overwrite the identity';
    is sent_header($page, 'X-SSO-Groups'), 'a%2Cadmins,b', 'one group does not become two';
    is sent_header($page, 'X-SSO-Note'), undef, 'a value with a line break is not sent';
    is $eve->get($site->url('/preset/'))->status, 403, 'an unverified address is no identity in a preset';
    expect_log $site, qr/reason=user-email-unverified/;
    is $eve->get($site->url('/named/'))->status, 403, 'nor in REMOTE_USER';
    expect_log $site, qr/SSO221: .*reason=[\w-]+/;
    allow_log $site, qr/SSO\d+.*(?:claim|look)/;
};
done_testing;
