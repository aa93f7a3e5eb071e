# SPDX-License-Identifier: Apache-2.0
# httpd -t warns of what starts and was hardly meant, and only of that: each row is [name, configuration, sentence]; what
# looks alike and is right says nothing.
use lib 't/lib';
use SSO::Test;

my $httpd = SSO::Httpd->new;
my $root = $httpd->root;
my $id = "SSOClientID 0oa8x4kq1cPcdVZsM5d7\nSSOClientSecret q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya";
my $own = "ServerName https://app.acme.test\nSSOIssuer https://login.acme.test\n$id";
my $google = "ServerName https://app.acme.test\nSSOPreset google\n$id";

sub place { my ($path, @lines) = @_; return join("\n", "<Location $path>", @lines, '</Location>') . "\n" }
sub guarded { my ($path, @lines) = @_; return place($path, 'AuthType sso-oidc', @lines) }

sub said {
    my ($name, $conf) = @_;
    $httpd->conf("SSOStateDir $root/state\n$conf\n");
    my ($passed, $said) = $httpd->configtest;
    ok $passed, "$name: httpd -t passes" or diag $said;
    return $said;
}

sub warns {
    my ($group, @rows) = @_;
    subtest $group => sub {
        for my $row (@rows) {
            my ($name, $conf, $sentence) = @$row;
            my $said = said($name, $conf);
            like $said, $sentence, "$name: says what was hardly meant";
            my @lines = $said =~ /SSO\d{3}: .*/g;
            is scalar @lines, 1, "$name: once" or diag $said;
        }
    };
}

sub silent {
    my ($group, @rows) = @_;
    subtest $group => sub { unlike said(@$_), qr/SSO\d{3}/, "$_->[0]: nothing is said" for @rows };
}

warns 'a provider for everybody' => (
    ['google', $google . "\n" . guarded('/', 'Require valid-user'),
        qr{SSO190: Require: valid-user alone in <Location /> with AuthType at \S+:\d+ is everybody whom https://accounts\.google\.com signs in.*Write Require sso-claim hd}],
    ['its issuer without the preset', "ServerName https://app.acme.test\nSSOIssuer https://accounts.google.com\n$id\n" . guarded('/', 'Require valid-user'), qr/SSO190/],
    ['auth0', "ServerName https://app.acme.test\nSSOPreset auth0 acme.eu.auth0.com\n$id\n" . guarded('/', 'Require valid-user'), qr/SSO190: .*role, group or org_id/],
    ['auth0 under a name of its own', "ServerName https://app.acme.test\nSSOPreset auth0 login.acme.test\n$id\n" . guarded('/', 'Require valid-user'), qr/SSO190/],
    ['gitlab.com', "ServerName https://app.acme.test\nSSOPreset gitlab\n$id\n" . guarded('/', 'Require valid-user'), qr/SSO190: .*groups_direct/],
    ['personal accounts of Microsoft', "ServerName https://app.acme.test\nSSOPreset entra 9188040d-6c67-4c5b-b112-36a304b66dad\n$id\n" . guarded('/', 'Require valid-user'), qr/SSO190/],
    ['a named provider', "$own\n<SSOProvider g>\nSSOPreset google\n$id\n</SSOProvider>\n" . guarded('/g/', 'SSOUse "g"', 'Require valid-user') . guarded('/', 'Require valid-user'),
        qr{SSO190: Require: valid-user alone in <Location /g/>}],
    ['in a container', $google . "\n" . guarded('/', '<RequireAny>', 'Require valid-user', '</RequireAny>'), qr/SSO190/],
    ['an outer section for two virtual hosts', guarded('/', 'Require valid-user') . join("\n", map { "<VirtualHost 127.0.0.1:\${PORT}>\n" . ($google =~ s/app\./$_./r) . "\n</VirtualHost>" } 'a', 'b'), qr/SSO190/],
    ['any claim as the name', $google . "\n" . guarded('/', 'Require valid-user', 'SSORemoteUser email'), qr/SSO190/],
);

silent 'a provider for everybody, with a rule' => (
    ['a domain', $google . "\n" . guarded('/', 'Require sso-claim hd acme.test')],
    ['a domain beside valid-user', $google . "\n" . guarded('/', '<RequireAll>', 'Require valid-user', 'Require sso-claim hd acme.test', '</RequireAll>')],
    ['an expression', $google . "\n" . guarded('/', 'Require expr "%{REMOTE_USER} -strcmatch \'*@acme.test\'"')],
    ['a name that fits one domain only', $google . "\n" . guarded('/', 'SSORemoteUser email "^(.+)@acme\.test$" $1', 'Require valid-user')],
    ['the same for the provider', "$google\nSSORemoteUser email \"^(.+)\@acme\\.test\$\" \$1\n" . guarded('/', 'Require valid-user')],
    ['optional identity', $google . "\n" . guarded('/', 'Require all granted')],
    ['another provider', $own . "\n" . guarded('/', 'Require valid-user')],
    ['a tenant of Entra', "ServerName https://app.acme.test\nSSOPreset entra 8eaef023-2b34-4da1-9baa-8bc8c9d6a490\n$id\n" . guarded('/', 'Require valid-user')],
    ['a host that only looks like Auth0', "ServerName https://app.acme.test\nSSOIssuer https://auth0.com.acme.test/\n$id\n" . guarded('/', 'Require valid-user')],
    ['Basic', $google . "\n" . place('/', 'AuthType Basic', 'AuthName x', 'Require valid-user')],
);

warns 'a section without a Require' => (
    ['granted by a directory', $own . "\n" . guarded('/x'),
        qr{SSO191: Require: <Location /x> has AuthType sso-oidc at \S+:\d+ but no Require of its own, and <Directory \S+> at \S+:\d+ says `Require all granted`: nobody has to sign in there}],
    ['granted by the location around it', $own . "\n" . place('/a', 'Require all granted') . guarded('/a/b'), qr{SSO191: .*<Location /a/b> .* and <Location /a> at}],
    ['the last location counts', $own . "\n" . guarded('/a', 'Require valid-user') . place('/', 'Require all granted') . guarded('/a/b'), qr{SSO191: .* and <Location /> at}],
    ['granted by the main server', place('/', 'Require all granted') . "<VirtualHost 127.0.0.1:\${PORT}>\n$own\n" . guarded('/x') . '</VirtualHost>', qr{SSO191: .* and <Location /> at}],
    ['a directory in a directory', "$own\n<Directory \"$root/htdocs/in\">\nAuthType sso-oidc\n</Directory>", qr{SSO191: Require: <Directory "\S+/in">}],
    ['an <If> in a location', $own . "\n" . place('/x', 'Require all granted', '<If "true">', 'AuthType sso-oidc', '</If>'), qr{SSO191: Require: <If "true"> .* and <Location /x>}],
    ['one true line is enough', $own . "\n" . place('/', 'Require ip 10.0.0.1', 'Require all granted') . guarded('/x'), qr/SSO191/],
);

silent 'a section that gets a Require from around it' => (
    ['from a location', $own . "\n" . guarded('/', 'Require valid-user') . guarded('/x')],
    ['from a location of the main server', guarded('/', 'Require valid-user') . "<VirtualHost 127.0.0.1:\${PORT}>\n$own\n" . guarded('/x') . '</VirtualHost>'],
    ['from a longer directory', "$own\n<Directory \"$root/htdocs/in\">\nRequire valid-user\n</Directory>\n<Directory \"$root/htdocs/in/side\">\nAuthType sso-oidc\n</Directory>"],
    ['all of several must be true', $own . "\n" . place('/', '<RequireAll>', 'Require all granted', 'Require not ip 10.0.0.1', '</RequireAll>') . guarded('/x')],
    ['nothing is inherited', $own . "\n" . guarded('/x', 'AuthMerging Off')],
    ['openness that is written down', $own . "\n" . guarded('/x', 'Require all granted')],
    ['another path is open', $own . "\n" . guarded('/', 'Require valid-user') . place('/pub', 'Require all granted') . guarded('/public')],
    ['a pattern may not cover it', $own . "\n" . guarded('/', 'Require valid-user') . place('~ "^/x"', 'Require all granted') . guarded('/y')],
);

my $headers = guarded('/', 'Require valid-user', 'SSOHeaders openmetadata');
warns 'an application that trusts headers and listens for others' => (
    ['another machine', "$own\n$headers\nProxyPass / http://10.0.0.7:8585/",
        qr{SSO192: SSOHeaders: openmetadata at \S+:\d+: the application at http://10\.0\.0\.7:8585/ \(\S+:\d+\) trusts a header.*127\.0\.0\.1 or a Unix socket}],
    ['its name', "$own\n$headers\nProxyPass / https://openmetadata:8585/", qr/SSO192/],
    ['IPv6', "$own\n$headers\nProxyPass / http://[2001:db8::7]:8585/", qr/SSO192/],
    ['a header of one claim', "$own\n" . guarded('/', 'Require valid-user', 'SSOClaimHeader email X-Mail') . 'ProxyPass / http://10.0.0.7/', qr/SSO192: SSOClaimHeader: /],
    ['in the location', "$own\n" . guarded('/a', 'Require valid-user', 'SSOHeaders webauth', 'ProxyPass http://10.0.0.7/'), qr/SSO192/],
    ['by a pattern', "$own\n$headers\nProxyPassMatch ^/(.*) http://10.0.0.7/\$1", qr/SSO192/],
    ['below the location', "$own\n$headers\nProxyPass /app/ http://10.0.0.7/", qr/SSO192/],
);

silent 'an application that trusts headers' => (
    ['on the loopback', "$own\n$headers\nProxyPass / http://127.0.0.1:8585/ upgrade=websocket"],
    ['on the loopback of IPv6', "$own\n$headers\nProxyPass / http://[::1]:8585/"],
    ['localhost', "$own\n$headers\nProxyPass / http://localhost:8585/"],
    ['behind a socket', "$own\n$headers\nProxyPass / unix:/run/app.sock|http://app/"],
    ['behind a balancer, whose members are not looked at', "$own\n$headers\nProxyPass / balancer://app/"],
    ['not proxied', "$own\n$headers\nProxyPass /static/ !\nProxyPass / http://127.0.0.1:8585/"],
    ['another path', "$own\n" . guarded('/a', 'Require valid-user', 'SSOHeaders webauth') . 'ProxyPass /b http://10.0.0.7/'],
    ['no header was asked for', "$own\n" . guarded('/', 'Require valid-user', 'SSOClaimPrefix none') . 'ProxyPass / http://10.0.0.7/'],
    ['a token that the application verifies', "$own\n" . guarded('/', 'Require valid-user', 'SSOPassToken id') . 'ProxyPass / http://10.0.0.7/'],
);

warns 'headers where nobody is signed in' => (
    ['a preset', "$own\n" . place('/x', 'SSOHeaders webauth'), qr{SSO193: SSOHeaders: in <Location /x> at \S+:\d+ sends nothing: no section of this server has AuthType sso-oidc}],
    ['a claim', "$own\n" . place('/x', 'SSOClaimHeader email X-Mail'), qr/SSO193: SSOClaimHeader/],
    ['a token', "$own\n" . place('/x', 'SSOPassToken id'), qr/SSO193: SSOPassToken/],
);
silent 'headers where somebody may be' => (
    ['guarded elsewhere', "$own\n" . guarded('/', 'Require valid-user') . place('/x', 'SSOHeaders webauth')],
    ['guarded by a file', "$own\n" . place('/x', 'SSOHeaders webauth') . "<Directory \"$root/htdocs\">\nAllowOverride AuthConfig\n</Directory>"],
    ['guarded for a virtual host', place('/x', 'SSOHeaders webauth') . "<VirtualHost 127.0.0.1:\${PORT}>\n$own\n" . guarded('/', 'Require valid-user') . '</VirtualHost>'],
);

# What another virtual host of this httpd does with the same application needs no warning: names are removed there too.
subtest 'the same application through a virtual host without the module' => sub {
    my $site = site(location => 'SSOHeaders openmetadata', snippet => <<'END');
<VirtualHost 127.0.0.1:${PORT}>
    ServerName http://other.acme.test
    ProxyPass / ${UPSTREAM}/
</VirtualHost>
END
    my $page = $site->browser->get($site->url('/'), headers => {Host => 'other.acme.test', 'X-Auth-Params-Email' => 'mallory@acme.test', 'X-Plain' => 'kept'});
    is $page->status, 200, 'it answers';
    is sent_header($page, 'X-Plain'), 'kept', 'with the headers of the client';
    is sent_header($page, 'X-Auth-Params-Email'), undef, 'but for ours';
};

# Bearer tokens of an OpenMetadata that still has the keys it was shipped with.
subtest 'the key id that OpenMetadata is shipped with' => sub {
    my $jwk = sub {
        my ($kid) = @_;
        my $modulus = qx(openssl genrsa 2048 2>/dev/null | openssl rsa -noout -modulus 2>/dev/null) =~ s/^Modulus=|\s//gr;
        require MIME::Base64;
        my $n = MIME::Base64::encode_base64url(pack 'H*', $modulus);
        return $httpd->write("keys-$kid.json", qq({"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"$kid","n":"$n","e":"AQAB"}]}), 0644);
    };
    for my $case (['Gb389a-9f76-gdjs-a92j-0242bk94356', 1], ['of-our-own', 0]) {
        my ($kid, $shipped) = @$case;
        my $file = $jwk->($kid);
        my $site = site(snippet => "SSOBearerIssuer open-metadata.org file:$file\nSSOBearerAudience none", location => 'SSOAccept session bearer');
        allow_log $site, qr/SSO126/;
        my $page = $site->browser->get($site->url('/protected/'), headers => {Authorization => 'Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJvcGVuLW1ldGFkYXRhLm9yZyIsInN1YiI6ImIifQ.c2ln'});
        is $page->status, 401, 'a forged token is refused';
        expect_log $site, qr/SSO401/;
        if ($shipped) {
            expect_log $site, qr/SSO265: an application has the key id that OpenMetadata is shipped with: file:\S+ .*reason=key-shipped/;
            allow_log $site, qr/SSO265/;
        } else {
            is scalar(() = $site->log->lines(qr/SSO265/)), 0, 'a key id of its own is nothing to talk about';
        }
        $site->finish;
    }
};

done_testing;
