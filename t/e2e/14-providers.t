# SPDX-License-Identifier: Apache-2.0
# Okta, Entra ID, Google, Keycloak, Cognito, GitLab, authentik, Zitadel, Dex: a login through each preset as its page in
# docs/providers says, its logout, and each of its habits.
use lib 't/lib';
use SSO::Test;
use SSO::Emulation;

my $secret = 'q8vQ2mT7bLr4WnZkX9d1f5c8b3a6e0_-aQ';
my ($acme, $partner, $stranger) = ('8eaef023-2b34-4da1-9baa-8bc8c9d6a490', '1c2d3e4f-0a1b-4c5d-8e9f-a0b1c2d3e4f5',
    '77777777-0a1b-4c5d-8e9f-a0b1c2d3e4f5');
my $client = \&SSO::Emulation::client;
sub entry { # a kind and its one client, named as the provider of the site
    my ($kind, $name, $auth, %args) = @_;
    my $script = delete $args{script} // {};
    return {kind => $kind, id => $name, %args, script => {clients => {
        "id-$name" => $client->($auth, $auth eq 'none' ? undef : $secret, at => $name)}, %$script}};
}
my $op = SSO::Emulation->new(
    entry('okta', 'okta', 'client_secret_basic'),
    entry('okta', 'custom', 'none', server => 'default'),
    entry('entra', 'entra', 'client_secret_post', tenant => $acme),
    entry('entra', 'tenants', 'client_secret_basic', tenant => 'organizations', script => {tid => $acme}),
    entry('entra', 'gov', 'client_secret_basic', tenant => 'organizations', cloud => 'login.microsoftonline.us',
        script => {tid => $partner}),
    entry('google', 'google', 'client_secret_basic'),
    entry('keycloak', 'keycloak', 'none'),
    entry('cognito', 'cognito', 'none'),
    entry('gitlab', 'gitlab', 'client_secret_basic'),
    entry('authentik', 'authentik', 'client_secret_basic'),
    entry('authentik', 'hs', 'client_secret_basic', slug => 'hs', script => {alg => 'HS256'}),
    entry('zitadel', 'zitadel', 'none'),
    entry('dex', 'dex', 'client_secret_basic'));
my ($with, $post) = ("SSOClientSecret $secret\n", "SSOClientSecret $secret\nSSOClientAuth client_secret_post\n");
my $group = '5f0c1d2e-7a64-4c59-b6de-02f1d9f4a111';
my $site = $op->site(conf => '', providers => {
    okta => {conf => "SSOPreset okta acme.okta.com\nSSOClientID id-okta\n${with}SSOScope \"openid profile email groups\"",
        require => 'Require sso-claim groups "Data owners"'},
    custom => "SSOPreset okta acme.okta.com/oauth2/default\nSSOClientID id-custom",
    entra => "SSOPreset entra $acme\nSSOClientID id-entra\n$post",
    tenants => "SSOPreset entra $acme \U$partner\E\nSSOClientID id-tenants\n$with",
    gov => "SSOPreset entra $acme $partner\nSSOIssuer https://login.microsoftonline.us/organizations/v2.0\n"
        . "SSOClientID id-gov\n$with",
    google => {conf => "SSOPreset google\nSSOClientID id-google\n${with}SSOAuthParam hd acme.test",
        require => 'Require sso-claim hd acme.test'},
    keycloak => {conf => "SSOPreset keycloak login.acme.test/realms/staff\nSSOClientID id-keycloak",
        require => 'Require sso-claim realm_access.roles catalog-admin'},
    cognito => {conf => "SSOPreset cognito eu-west-1/eu-west-1_Ab12Cd34E\nSSOClientID id-cognito",
        require => 'Require sso-claim cognito:groups staff'},
    gitlab => {conf => "SSOPreset gitlab gitlab.acme.test\nSSOClientID id-gitlab\n$with",
        require => 'Require sso-claim groups data/owners'},
    authentik => "SSOPreset authentik auth.acme.test/application/o/catalog/\nSSOClientID id-authentik\n$with",
    hs => "SSOPreset authentik auth.acme.test/application/o/hs\nSSOClientID id-hs\n${with}SSOSigningAlgs HS256",
    zitadel => {conf => "SSOPreset zitadel acme.zitadel.cloud\nSSOClientID id-zitadel\nSSOScope \"openid profile email "
        . 'urn:zitadel:iam:org:project:roles"',
            require => 'Require sso-claim urn:zitadel:iam:org:project:roles reader'},
    dex => {conf => "SSOPreset dex dex.acme.test/dex\nSSOClientID id-dex\n$with",
        require => 'Require sso-claim groups staff'},
}, more => <<"END");
<Location /entra/is/>
    Require sso-claim groups $group
</Location>
<Location /entra/not/>
    <RequireAll>
        Require valid-user
        Require not sso-claim groups $group
    </RequireAll>
</Location>
<Location /entra/none/>
    <RequireAll>
        Require valid-user
        <RequireNone>
            Require sso-claim groups $group
        </RequireNone>
    </RequireAll>
</Location>
<AuthzProviderAlias sso-claim in-group "groups $group">
</AuthzProviderAlias>
<Location /entra/alias/>
    <RequireAll>
        Require valid-user
        Require not in-group
    </RequireAll>
</Location>
<Location /entra/expr/>
    Require expr "!('$group' in sso_claim('groups'))"
</Location>
<Location /entra/other/>
    <RequireAny>
        Require sso-claim groups $group
        Require sso-claim tid $acme
    </RequireAny>
</Location>
<Location /keycloak/client/>
    Require sso-claim resource_access.id-keycloak.roles editor
</Location>
<Location /keycloak/group/>
    Require sso-claim groups "/Data owners"
</Location>
<Location /authentik/mail/>
    SSORemoteUser email
</Location>
END
sub enter { my ($path, $browser) = @_; return login($site, $path, browser => $browser // $site->new_browser) }
sub complaints { is_deeply [$op->failures], [], 'the provider had nothing to complain of' }
sub asked { my ($id, $endpoint) = @_;
    return grep { ($_->{provider} // '') eq $id && $_->{endpoint} eq $endpoint } $op->requests }
sub in_ok {
    my ($name, %header) = @_;
    $op->reset;
    my $page = enter("/$name/");
    is $page->status, 200, "$name: signed in" or diag $page->summary, join "\n", $site->log->lines(qr/SSO2/);
    is sent_header($page, $_), $header{$_}, "$name: $_" for sort keys %header;
    complaints;
    return $page;
}
# Signs out and returns where the provider's part ends: the page of the provider, or our own.
sub out { my ($page) = @_; return $page->{browser}->go($site->url('/sso/logout?return=/bye')) }

subtest 'Okta: org server, groups only at userinfo, keys cached for 44 days' => sub {
    my $page = in_ok('okta', 'X-SSO-Groups' => 'Data owners,staff', 'X-SSO-Email' => 'alice@acme.test');
    is sent(out($page))->{path}, '/bye', 'logout comes back';
    $op->control({okta => {keys => ['k3'], sign => 'k3'}});
    is enter('/okta/')->status, 200, 'new keys are found although it said max-age=3828277';
    $page = in_ok('custom', 'X-SSO-Iss' => 'https://acme.okta.com/oauth2/default', 'X-SSO-Groups' => undef);
    is((asked('custom', 'token'))[0]{path}, '/oauth2/default/v1/token', 'a custom server has its own endpoints');
};

subtest 'Entra ID: one tenant' => sub {
    my $page = in_ok('entra', 'X-SSO-Tid' => $acme, 'X-SSO-Oid' => '0f3a9c52-7d1e-4b60-9c1f-3f6a2b7d9e10');
    is((asked('entra', 'userinfo'))[0]{host}, 'graph.microsoft.com', 'userinfo is at Graph');
    is sent(out($page))->{path}, '/bye', 'logout comes back';
    is enter('/entra/is/')->status, 200, 'groups are object ids';
    is enter('/entra/not/')->status, 403, 'Require not';
    $op->control({entra => {expires_in => '3599'}});
    is enter('/entra/')->status, 200, 'expires_in as text';
    $op->control({entra => {v1 => true}});
    refused $site, enter('/entra/'), qr/^50\d$|^403$/, 'idt-iss', 'a v1 token of sts.windows.net is another issuer';
    $op->control({entra => {v1 => false, tid => $partner}});
    refused $site, enter('/entra/'), qr/^50\d$|^403$/, 'idt-iss', 'a token of another tenant is refused';
};

subtest 'Entra ID: groups overage is unknown, never "no groups"' => sub {
    for my $how (qw(names hasgroups)) {
        $op->reset->control({entra => {overage => $how}});
        my $page = enter('/entra/');
        is $page->status, 200, "$how: a location without a rule on groups is open";
        for my $path (qw(is not none expr)) {
            is $page->{browser}->get($site->url("/entra/$path/"))->status, 403, "$how: /$path/ denies";
            expect_log $site,
                qr/SSO260: a rule cannot be decided and counts as not met: the provider left groups out .*reason=claim-unknown/;
        }
        is $page->{browser}->get($site->url('/entra/alias/'))->status, 500,
            "$how: an alias, used nobody knows how, is an error";
        expect_log $site, qr/SSO260: .*reason=claim-unknown/;
        is $page->{browser}->get($site->url('/entra/other/'))->status, 200,
            "$how: another rule of RequireAny may let in";
        expect_log $site, qr/SSO260: .*reason=claim-unknown/;
    }
    $op->reset->control({entra => {user => {groups => ['another']}}});
    my $page = enter('/entra/');
    is $page->{browser}->get($site->url("/entra/$_/"))->status, 200,
        "known groups: /$_/ is open" for qw(not none expr alias);
    is $page->{browser}->get($site->url('/entra/is/'))->status, 403, 'known groups: /is/ denies';
};

subtest 'Entra ID: several tenants, by list only' => sub {
    my $page = in_ok('tenants', 'X-SSO-Iss' => "https://login.microsoftonline.com/$acme/v2.0");
    like((asked('tenants', 'discovery'))[0]{path}, qr{^/organizations/v2\.0/}, 'metadata for all organizations');
    $op->control({tenants => {tid => $partner}});
    is sent_header(enter('/tenants/'), 'X-SSO-Tid'), $partner, 'the second of the list';
    $op->control({tenants => {tid => $stranger}});
    refused $site, enter('/tenants/'), qr/^50\d$|^403$/, 'idt-iss', 'a tenant that is not in the list';
    $op->control({tenants => {tid => $acme, id_token => {claims => {tid => $partner}}}});
    refused $site, enter('/tenants/'), qr/^50\d$|^403$/, 'idt-tid', 'tid of one tenant, issuer of another';
    in_ok('gov', 'X-SSO-Iss' => "https://login.microsoftonline.us/$partner/v2.0");
    for (['common', qr/SSO153: SSOPreset: "common" stands for many tenants/],
        ["$acme acme.onmicrosoft.com", qr/SSO182: SSOPreset: "acme\.onmicrosoft\.com" is not a tenant id/],
        ["$acme $partner\nSSOIssuer https://login.microsoftonline.us/$acme/v2.0",
            qr/SSO183: SSOIssuer: "[^"]*" is not that of many tenants/],
        ["common <tenant>", qr/SSO(?:182|152): SSOPreset: "<tenant>"/]) {
        my $wrong = $op->site(conf => "SSOPreset entra $_->[0]\nSSOClientID id-1", start => 0);
        my ($ok, $said) = $wrong->httpd->configtest;
        ok !$ok, "$_->[0] does not start";
        like $said, $_->[1], 'and says what to write';
    }
};

subtest 'Google: hd is checked, the old issuer, no logout' => sub {
    my $page = in_ok('google', 'X-SSO-Hd' => 'acme.test', 'X-SSO-Groups' => undef);
    is((asked('google', 'authorize'))[0]{query}{hd}, 'acme.test', 'hd is sent as a hint');
    is sent(out($page))->{path}, '/bye', 'logout is ours alone';
    $op->control({google => {bare_issuer => true}});
    is enter('/google/')->status, 200, 'iss accounts.google.com without its scheme';
    $op->control({google => {user => {hd => 'evil.test'}}});
    is enter('/google/')->status, 403, 'an account of another domain is kept out';
    $op->control({google => {user => {hd => undef}}});
    is enter('/google/')->status, 403, 'and one of no domain';
    my $wrong = $op->site(conf => "SSOPreset google\nSSOClientID id-1", start => 0);
    my ($ok, $said) = $wrong->httpd->configtest;
    like $said, qr/SSO155: SSOClientSecret: is missing; google knows no client without a secret/,
        'without a secret it does not start';
};

subtest 'Keycloak: nested roles, paths of groups, empty groups, logout tokens' => sub {
    my $page = in_ok('keycloak', 'X-SSO-Realm-Access-Roles' => 'catalog-admin,offline_access',
        'X-SSO-Groups' => 'Data owners,staff');
    is enter('/keycloak/client/')->status, 200, 'roles of the client';
    is enter('/keycloak/group/')->status, 403, 'a group is not its path';
    $op->control({keycloak => {full_path => true}});
    is enter('/keycloak/group/')->status, 200, '"Full group path" on: /Data owners';
    $op->control({keycloak => {user => {groups => []}}});
    is sent_header(enter('/keycloak/'), 'X-SSO-Groups'), undef, 'no groups: no claim';
    is enter('/keycloak/group/')->status, 403, 'which denies';
    $op->control({keycloak => {roles_mapper => false}});
    is enter('/keycloak/')->status, 403, 'roles come only with the mapper';
    is sent(out($page))->{path}, '/bye', 'logout comes back';
    $op->reset;
    my @people = map { enter('/keycloak/') } 1 .. 2;
    my $hook = sub { $site->new_browser->request('POST', $site->url('/sso/backchannel-logout'), plain => 1,
        form => {logout_token => $op->logout_token(provider => 'keycloak', client => 'id-keycloak', @_)})->status };
    is $hook->(claims => {sid => sent_header($people[0], 'X-SSO-Sid')}), 200, '"session required": sid and sub';
    is $people[0]{browser}->get($site->url('/keycloak/'))->status, 302, 'ends that session';
    is $people[1]{browser}->get($site->url('/keycloak/'))->status, 200, 'and no other';
    is $hook->(), 200, 'not required: sub alone';
    is $people[1]{browser}->get($site->url('/keycloak/'))->status, 302, 'ends all';
};

subtest 'Cognito: endpoints on another host, a claim with a colon, logout that nobody announces' => sub {
    my $page = in_ok('cognito', 'X-SSO-Cognito-Groups' => 'Data owners,staff', 'X-SSO-Email-Verified' => 'true');
    is((asked('cognito', 'authorize'))[0]{host}, 'acme.auth.eu-west-1.amazoncognito.com',
        'signs in on the login domain');
    ok((asked('cognito', 'authorize'))[0]{query}{code_challenge}, 'with PKCE though it announces none');
    my $out = $page->{browser}->get($site->url('/sso/logout'));
    is $out->location, 'https://acme.auth.eu-west-1.amazoncognito.com/logout?client_id=id-cognito&logout_uri='
        . SSO::Browser::escape($site->url('/sso/logout')), 'logout at the login domain';
    like $page->{browser}->settle($page->{browser}->follow($out))->body, qr/You are signed out/, 'and back';
    complaints;
};

subtest 'GitLab: groups only at userinfo, no logout' => sub {
    my $page = in_ok('gitlab', 'X-SSO-Groups' => 'data,data/owners', 'X-SSO-Groups-Direct' => 'data/owners',
        'X-SSO-Nickname' => 'alice',
        'X-SSO-Owner' => 'data/owners');
    is sent(out($page))->{path}, '/bye', 'logout is ours alone';
};

subtest 'authentik: an unverified address, HS256 without a signing key' => sub {
    my $page = in_ok('authentik', 'X-SSO-Groups' => 'Data owners,staff', 'X-SSO-Email-Verified' => 'false');
    is $page->{browser}->get($site->url('/authentik/mail/'))->status, 403,
        'its email is nobody: email_verified is false';
    expect_log $site, qr/SSO221: .*reason=user-email-unverified/;
    is sent(out($page))->{path}, '/bye', 'logout comes back';
    in_ok('hs', 'X-SSO-Iss' => 'https://auth.acme.test/application/o/hs/');
    my $wrong = $op->site(whole => <<"END");
<SSOProvider hs>
    SSOPreset       authentik auth.acme.test/application/o/hs/
    SSOClientID     id-hs
    SSOClientSecret $secret
</SSOProvider>
<Location />
    AuthType sso-oidc
    SSOUse   hs
    Require  valid-user
</Location>
END
    refused $wrong, login($wrong, '/'), qr/^50\d$|^403$/, '(?:verify-no-alg|jws-alg-not-allowed)',
        'HS256 is accepted only when it is named';
    $wrong->finish;
};

subtest 'Zitadel: claims only at userinfo, roles as an object, several audiences' => sub {
    my $page = in_ok('zitadel', 'X-SSO-Email' => 'alice@acme.test',
        'X-SSO-Urn-Zitadel-Iam-Org-Project-Roles' => 'catalog-admin,reader');
    is sent(out($page))->{path}, '/bye', 'logout comes back';
    $op->control({zitadel => {roles => {'$clear' => true, 'catalog-admin' => {1 => 'x'}}}});
    is enter('/zitadel/')->status, 403, 'a role that is not there';
    $op->reset->control({zitadel => {id_token => {claims => {azp => '264739281736459999'}}}});
    refused $site, enter('/zitadel/'), qr/^50\d$|^403$/, 'idt-azp',
        'a token that another application of the project asked for';
};

subtest 'Dex: groups by scope, no logout' => sub {
    my $page = in_ok('dex', 'X-SSO-Groups' => 'Data owners,staff');
    like((asked('dex', 'authorize'))[0]{query}{scope}, qr/\bgroups\b/, 'the preset asks for groups');
    my $out = $page->{browser}->get($site->url('/sso/logout'));
    is $out->status, 200, 'a page of ours';
    like $out->body, qr/You are signed out/, 'says it';
};

done_testing;
