# SPDX-License-Identifier: Apache-2.0
# A wrong configuration does not start, and the one sentence says why: each row is [name, configuration, sentence].
# A good configuration passes `httpd -t`, and `httpd -t` makes nothing on disk.
use lib 't/lib';
use SSO::Test;

my $issuer = 'SSOIssuer https://login.acme.test';
my $id = 'SSOClientID 0oa8x4kq1cPcdVZsM5d7';
my $dev = 'SSODevelopment On';
my $good = "$dev\n$issuer\n$id";
my $secret = 'SSOClientSecret q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya';
my $guard = "AuthType sso-oidc\nRequire valid-user";
my $tls = 'ServerName https://app.acme.test';

my $httpd = SSO::Httpd->new;
my $root = $httpd->root;
my $key = encode_key(join '', map { chr(($_ * $_ * 91 + 5) % 256) } 1 .. 32);

sub encode_key { require MIME::Base64; return MIME::Base64::encode_base64($_[0], '') . "\n" }

# Runs -t over one configuration.
sub configtest {
    my ($conf, $state) = @_;
    $httpd->conf(($state // 1 ? "SSOStateDir $root/state\n" : '') . "$conf\n");
    return $httpd->configtest;
}

sub rejects {
    my ($group, @rows) = @_;
    subtest $group => sub {
        for my $row (@rows) {
            my ($name, $conf, $sentence) = @$row;
            my ($passed, $said) = configtest($conf);
            ok !$passed, "$name: httpd -t fails" or next;
            like $said, $sentence, "$name: says why";
            unlike $said, qr/\(null\)|%[sd]/, "$name: the sentence is whole";
        }
    };
}

sub accepted {
    my ($group, @rows) = @_;
    subtest $group => sub {
        for my $row (@rows) {
            my ($name, $conf) = @$row;
            my ($passed, $said) = configtest($conf);
            ok $passed, "$name: httpd -t passes" or diag $said;
            unlike $said, qr/SSO\d\d\d/, "$name: nothing to complain about";
        }
    };
}

rejects 'the issuer' => (
    ['missing', "$dev\n$id", qr/SSO130: SSOIssuer: is missing; write SSOIssuer .*the main server, provider "default" at \S+:\d+/],
    ['bare domain', "$dev\nSSOIssuer acme.onelogin.com\n$id", qr/SSO131: SSOIssuer: "acme\.onelogin\.com" is no URL; write the whole issuer like https:/],
    ['other scheme', "$dev\nSSOIssuer ftp://acme.test/\n$id", qr/SSO131: SSOIssuer: .* is not an https URL/],
    ['userinfo', "$dev\nSSOIssuer https://me\@acme.test/\n$id", qr/SSO131: SSOIssuer: .* is not an https URL/],
    ['http', "$dev\nSSOIssuer http://login.acme.test\n$id", qr/SSO133: SSOIssuer: .* is http, so anybody on the way .*write https/],
    ['loopback http in production', "$tls\nSSOIssuer http://127.0.0.1:9000\n$id", qr/SSO132: SSOIssuer: .* is http; write https, or SSODevelopment On/],
    ['query', "$dev\nSSOIssuer https://login.acme.test/?a=b\n$id", qr/SSO134: SSOIssuer: .* has a query; an issuer has none/],
    ['fragment', "$dev\nSSOIssuer \"https://login.acme.test/#x\"\n$id", qr/SSO134: SSOIssuer: .* has a fragment/],
    ['trailing blank', "$dev\nSSOIssuer \"https://login.acme.test \"\n$id", qr/SSO135: SSOIssuer: .* holds a blank/],
    ['placeholder in braces', "$dev\nSSOIssuer https://{your domain}.onelogin.com/oidc/2\n$id", qr/SSOIssuer takes one argument|SSO135/],
    ['quoted placeholder', "$dev\nSSOIssuer \"https://{your-domain}.onelogin.com/oidc/2\"\n$id", qr/SSO135: SSOIssuer: .* still holds a placeholder in brackets/],
    ['angle brackets', "$dev\nSSOIssuer \"https://<tenant>.eu.auth0.com/\"\n$id", qr/SSO135: .*placeholder in brackets/],
    ['your-', "$dev\nSSOIssuer https://your-tenant.eu.auth0.com/\n$id", qr/SSO135: .* is a sample of documentation/],
    ['address of the metadata', "$dev\nSSOIssuer https://login.acme.test/.well-known/openid-configuration\n$id",
        qr{SSO136: .*is the address of the metadata; .*probably https://login\.acme\.test \(}],
    ['twice', "$good\nSSOIssuer https://other.acme.test", qr/SSOIssuer: stands twice in this section/],
    ['empty', "$dev\nSSOIssuer \"\"\n$id", qr/SSOIssuer takes one argument/],
);

rejects 'presets' => (
    ['unknown', "$dev\nSSOPreset onelogon acme\n$id", qr/SSOPreset: "onelogon" is unknown; write one of onelogin, auth0, okta/],
    ['argument missing', "$dev\nSSOPreset onelogin\n$id", qr/SSO153: SSOPreset: onelogin needs SUBDOMAIN; write for example SSOPreset onelogin acme/],
    ['argument not wanted', "$dev\nSSOPreset google acme\n$id", qr/SSOPreset: google takes no argument/],
    ['URL as argument', "$dev\nSSOPreset auth0 https://acme.eu.auth0.com\n$id", qr/SSO153: SSOPreset: the argument of auth0 is DOMAIN without https/],
    ['placeholder', "$dev\nSSOPreset onelogin {subdomain}\n$id", qr/SSO152: SSOPreset: "\{subdomain\}" still holds a placeholder/],
    ['contradiction', "$dev\nSSOPreset onelogin acme\nSSOIssuer https://acme.onelogin.com/oidc/2/\n$id",
        qr{SSO151: SSOIssuer: .* contradicts SSOPreset onelogin, whose issuer is "https://acme\.onelogin\.com/oidc/2"; keep one}],
    ['entra common', "$dev\nSSOPreset entra common\n$id", qr/SSO153: SSOPreset: "common" stands for many tenants/],
    ['cognito without a pool', "$dev\nSSOPreset cognito eu-west-1\n$id", qr/SSO153: SSOPreset: the argument is region and pool id/],
    ['google without a secret', "$dev\nSSOPreset google\n$id", qr/SSO155: SSOClientSecret: is missing; google knows no client without a secret/],
    ['onelogin with offline_access', "$dev\nSSOPreset onelogin acme\n$id\nSSOScope \"openid offline_access\"",
        qr/SSO154: SSOScope: offline_access makes an error at onelogin/],
    ['onelogin with a hybrid type', "$dev\nSSOPreset onelogin acme\n$id\nSSOResponseType \"code id_token\"",
        qr/SSO165: SSOResponseType: .* is not offered by onelogin/],
);

rejects 'the client' => (
    ['id missing', "$dev\n$issuer", qr/SSO140: SSOClientID: is missing/],
    ['id placeholder', "$dev\n$issuer\nSSOClientID \"{Client ID}\"", qr/SSO141: SSOClientID: .* still holds a placeholder in brackets/],
    ['id your-client-id', "$dev\n$issuer\nSSOClientID your-client-id", qr/SSO141: SSOClientID: "your-client-id" is a placeholder/],
    ['id with a blank', "$dev\n$issuer\nSSOClientID \"my client\"", qr/SSO141: SSOClientID: .* holds a blank/],
    ['id of RFC 6749', "$dev\n$issuer\nSSOClientID s6BhdRkqt3", qr/SSO141: SSOClientID: .* is a sample value/],
    ['secret changeme', "$good\nSSOClientSecret changeme", qr/SSO142: SSOClientSecret: the secret is a placeholder/],
    ['secret in braces', "$good\nSSOClientSecret {CLIENT_SECRET}", qr/SSO142: SSOClientSecret: the secret still holds a placeholder/],
    ['secret of documentation', "$good\nSSOClientSecret ZXhhbXBsZS1hcHAtc2VjcmV0", qr/SSO142: SSOClientSecret: the secret is a sample value/],
    ['secret xxxx', "$good\nSSOClientSecret xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", qr/SSO142: .* is one character repeated/],
    ['secret is the id', "$good\nSSOClientSecret 0oa8x4kq1cPcdVZsM5d7", qr/SSO142: .* the secret is the client id/],
    ['public and secret', "$good\n$secret\nSSOClientAuth none", qr/SSO143: SSOClientAuth: none says that this is a public client, but SSOClientSecret is there/],
    ['basic without a secret', "$good\nSSOClientAuth client_secret_basic", qr/SSO144: SSOClientAuth: client_secret_basic needs a secret/],
    ['post without a secret', "$good\nSSOClientAuth client_secret_post", qr/SSO144: SSOClientAuth: client_secret_post needs a secret/],
    ['client_secret_jwt without a secret', "$good\nSSOClientAuth client_secret_jwt", qr/SSO144: .*client_secret_jwt needs a secret/],
    ['client_secret_jwt with a short one', "$good\nSSOClientAuth client_secret_jwt\nSSOClientSecret q7Vw2mJx9Rk4", qr/SSO142: .* has 12 bytes; .* at least 32/],
    ['private_key_jwt without a key', "$good\nSSOClientAuth private_key_jwt", qr/SSO145: SSOClientAuth: private_key_jwt needs a key/],
    ['unknown method', "$good\nSSOClientAuth basic", qr/SSOClientAuth: "basic" is unknown; write none, client_secret_basic/],
    ['mutual TLS without a certificate', "$good\nSSOClientAuth tls_client_auth", qr/SSO345: SSOClientAuth: tls_client_auth needs a certificate; write SSOClientCertificate/],
    ['mutual TLS of our own without a certificate', "$good\nSSOClientAuth self_signed_tls_client_auth", qr/SSO345: SSOClientAuth: self_signed_tls_client_auth needs/],
    ['a certificate that is never shown', "$good\nSSOClientCertificate $root/c.pem $root/k.pem", qr/SSO346: SSOClientCertificate: would never be shown/],
    ['the key of a certificate missing', "$good\nSSOClientAuth tls_client_auth\nSSOClientCertificate $root/c.pem $root/absent.pem", qr/SSO347: SSOClientCertificate: \S+absent\.pem does not exist/],
    ['key missing', "$good\nSSOClientAuth private_key_jwt\nSSOClientKey $root/absent.pem", qr/SSO163: SSOClientKey: \S+absent\.pem does not exist/],
    ['HS256 without a secret', "$good\nSSOSigningAlgs HS256", qr/SSO150: SSOSigningAlgs: .* whose key is the client secret, but there is none/],
    ['HS256 with a short secret', "$good\nSSOSigningAlgs HS256\nSSOClientSecret q7Vw2mJx9Rk4Tz8L", qr/SSO142: .* has 16 bytes; .* at least 32/],
    ['HS512 with a secret for HS256', "$good\nSSOSigningAlgs RS256 HS512\n$secret", qr/SSO142: .* has 32 bytes; .* at least 64/],
    ['audience in brackets', "$good\nSSOAudience \"<api>\"", qr/SSOAudience: "<api>" is a placeholder/],
    ['audience of bearer tokens in braces', "$good\nSSOBearerIssuer https://b.acme.test\nSSOBearerAudience {audience}", qr/SSOBearerAudience: "\{audience\}" is a placeholder/],
    ['alg none', "$good\nSSOSigningAlgs none", qr/SSOSigningAlgs: .*none/],
    ['alg unknown', "$good\nSSOSigningAlgs RS265", qr/SSOSigningAlgs: .*RS265/],
    ['scope without openid', "$good\nSSOScope \"profile email\"", qr/SSOScope: openid is missing/],
    ['response type token', "$good\nSSOResponseType \"id_token token\"", qr/SSOResponseType: .* is unknown; write code/],
    ['reserved parameter', "$good\nSSOAuthParam nonce x", qr/SSOAuthParam: nonce is made by the module itself/],
    ['bad expression', "$good\nSSOAuthParam login_hint \"%{nonsense\"", qr/SSOAuthParam: the expression .* cannot be read/],
    ['clock skew', "$good\nSSOClockSkew 2h", qr/SSOClockSkew: "2h" is not a time from 0 to 600 seconds/],
    ['number with a tail', "$good\nSSOClockSkew 300x", qr/SSOClockSkew: "300x" is not a time/],
    ['negative number', "$good\nSSOMaxCalls -1", qr/SSOMaxCalls: "-1" is not a number from 1 to 10000/],
    ['unanchored REMOTE_USER', "$good\nSSORemoteUser email \"(.*)\@acme.test\" \$1", qr/SSORemoteUser: .* does not match the whole value; begin it with \^/],
    ['group that is not there', "$good\nSSORemoteUser email \"^.*\$\" \$1", qr/SSORemoteUser: "\$1" names a group/],
    ['bad expression of REMOTE_USER', "$good\nSSORemoteUser email \"^(\$\" x", qr/SSORemoteUser: .* is not a regular expression/],
);

$httpd->write('secret-open', "q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0644);
$httpd->write('secret-group', "q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0640);
$httpd->write('secret-empty', "\n", 0600);
$httpd->write('secret-lines', "q7Vw2mJx9Rk4\nTz8Lb3Nc6Hd1\n", 0600);
$httpd->write('secret-json', '{"client_id":"somebody-else-4711","client_secret":"q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya"}', 0600);
$httpd->write('secret-broken', '{"client_id":', 0600);
$httpd->write('secret-other', '{"web":{"project":"x"}}', 0600);
$httpd->write('secret-sample', "example-app-secret\n", 0600);
$httpd->write('pem-good', scalar qx(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null), 0600);
$httpd->write('certificate.pem', "-----BEGIN CERTIFICATE-----\n");
$httpd->write('pem-rubbish', "-----BEGIN NONSENSE-----\n", 0600);
symlink "$root/secret-json", "$root/secret-link" or die;
system('mkfifo', '-m', '600', "$root/secret-fifo") == 0 or die;

rejects 'files with secrets' => (
    ['missing', "$good\nSSOClientSecret file:$root/absent", qr/SSO147: SSOClientSecret: \S+absent does not exist/],
    ['readable for everybody', "$good\nSSOClientSecret file:$root/secret-open", qr/SSO147: .* can be used by others \(mode 644\); run chmod 600/],
    ['readable for the group', "$good\nSSOClientSecret file:$root/secret-group", qr/SSO147: .* can be used by others \(mode 640\)/],
    ['symbolic link', "$good\nSSOClientSecret file:$root/secret-link", qr/SSO147: .* is a symbolic link/],
    ['FIFO', "$good\nSSOClientSecret file:$root/secret-fifo", qr/SSO147: .* is not a regular file/],
    ['directory', "$good\nSSOClientSecret file:$root/state", qr/SSO147: .* is not a regular file/],
    ['empty', "$good\nSSOClientSecret file:$root/secret-empty", qr/SSO148: .* is empty/],
    ['two lines', "$good\nSSOClientSecret file:$root/secret-lines", qr/SSO148: .* has more than one line/],
    ['broken JSON', "$good\nSSOClientSecret file:$root/secret-broken", qr/SSO148: .* is not JSON/],
    ['JSON without a secret', "$good\nSSOClientSecret file:$root/secret-other", qr/SSO148: .* is JSON without a client_secret/],
    ['JSON of another client', "$good\nSSOClientSecret file:$root/secret-json", qr/SSO169: .* is for the client "somebody-else-4711", but SSOClientID says/],
    ['sample inside', "$good\nSSOClientSecret file:$root/secret-sample", qr/SSO142: .* the secret is a sample value/],
    ['no path', "$good\nSSOClientSecret file:", qr/SSO147: .* file: needs a path/],
    ['relative program', "$good\nSSOClientSecret \"exec:get-secret\"", qr/SSO171: .* exec: needs the full path of a program/],
    ['missing program', "$good\nSSOClientSecret \"exec:$root/get-secret\"", qr/SSO171: .* does not exist or cannot be run/],
    ['key readable for everybody', "$good\nSSOClientAuth private_key_jwt\nSSOClientKey $root/secret-open", qr/SSO163: SSOClientKey: .* can be used by others/],
    ['key that is none', "$good\nSSOClientAuth private_key_jwt\nSSOClientKey $root/pem-rubbish", qr/SSO164: SSOClientKey: .* is not a usable private key/],
    ['the key of a certificate readable for everybody', "$good\nSSOClientAuth tls_client_auth\nSSOClientCertificate $root/c.pem $root/secret-open", qr/SSO347: SSOClientCertificate: .* can be used by others/],
    ['the key of a certificate is none', "$good\nSSOClientAuth tls_client_auth\nSSOClientCertificate $root/c.pem $root/pem-rubbish", qr/SSO347: SSOClientCertificate: .* is not a usable private key/],
    ['a certificate that is none', "$good\nSSOClientAuth tls_client_auth\nSSOClientCertificate $root/pem-rubbish $root/pem-good", qr/SSO347: SSOClientCertificate: \S+ holds no certificate/],
);

rejects 'endpoints' => (
    ['unknown', "$good\nSSOEndpoint tokens https://login.acme.test/token", qr/SSOEndpoint: "tokens" is unknown; write authorization, token/],
    ['http', "$good\nSSOEndpoint token http://login.acme.test/token", qr/SSO133: SSOEndpoint: .* is http/],
    ['no URL', "$good\nSSOEndpoint token login.acme.test/token", qr/SSO137: SSOEndpoint: token .* is not an https URL/],
    ['fragment', "$good\nSSOEndpoint authorization \"https://login.acme.test/auth#x\"", qr/SSO137: SSOEndpoint: authorization .* without a fragment/],
    ['placeholder', "$good\nSSOEndpoint jwks \"{public key url}\"", qr/SSO138: SSOEndpoint: jwks .* still holds a placeholder/],
    ['unknown word in a template', "$good\nSSOEndpoint end_session \"https://login.acme.test/out?c={clientid}\"", qr/SSO138: SSOEndpoint: end_session/],
    ['jwks file missing', "$good\nSSOEndpoint jwks file:$root/absent.json", qr/SSO139: SSOEndpoint: jwks "file:\S+absent\.json" must name a regular file/],
    ['jwks none', "$good\nSSOEndpoint jwks none", qr/SSOEndpoint: jwks cannot be none/],
    ['token none with code', "$good\nSSOEndpoint token none", qr/SSO168: SSOEndpoint: token none leaves nothing to redeem a code at/],
    ['twice', "$good\nSSOEndpoint token https://a.test/t\nSSOEndpoint token https://b.test/t", qr/SSOEndpoint: token stands twice/],
);

rejects 'paths and redirect URIs' => (
    ['relative', "$good\nSSORedirectURI sso/callback", qr/SSO156: SSORedirectURI: .* is neither a path that begins with a slash nor a URL/],
    ['two slashes', "$good\nSSORedirectURI //evil.test/callback", qr/SSO156: SSORedirectURI/],
    ['query', "$good\nSSORedirectURI /cb?x=1", qr/SSO156: SSORedirectURI: .* has a query or fragment/],
    ['fragment', "$good\nSSORedirectURI \"http://127.0.0.1/cb#x\"", qr/SSO156: SSORedirectURI: .* has a query or fragment/],
    ['start page', "$good\nSSORedirectURI /", qr/SSO156: SSORedirectURI: .* would take the start page/],
    ['placeholder', "$good\nSSORedirectURI /{callback}", qr/SSO156: SSORedirectURI: .* placeholder/],
    ['http off the loopback', "$good\nSSORedirectURI http://app.acme.test/sso/callback", qr/SSO133: SSORedirectURI: .* is http/],
    ['http on the loopback in production', "$tls\n$issuer\n$id\nSSORedirectURI http://localhost:8585/callback", qr/SSO132: SSORedirectURI: .* is http; write https, or SSODevelopment On/],
    ['host of another server', "$tls\n$issuer\n$id\nSSORedirectURI https://other.acme.test/sso/callback", qr/SSO157: SSORedirectURI: .* is not a name of this server; write ServerName or ServerAlias other\.acme\.test/],
    ['login path', "$good\nSSORedirectURI /sso/login", qr/SSO158: SSORedirectURI: "\/sso\/login" is the login or logout path too/],
    ['logout path', "$good\nSSOLogoutPath /bye\nSSORedirectURI /bye", qr/SSO158: SSORedirectURI/],
    ['endpoint of the module', "$good\nSSORedirectURI /sso/session", qr/SSO106: SSORedirectURI: "\/sso\/session" is the address of another endpoint/],
    ['login path taken', "$good\nSSOLoginPath /sso/jwks", qr/SSO106: SSOLoginPath: .* is the address of another endpoint/],
    ['base path itself', "$good\nSSOBasePath /auth/\nSSOLoginPath /auth", qr/SSO106: SSOLoginPath: .* is SSOBasePath itself/],
    ['login and logout', "$good\nSSOLoginPath /x\nSSOLogoutPath /x", qr/SSO105: SSOLogoutPath: "\/x" is SSOLoginPath too/],
    ['two providers', "$good\n<SSOProvider b>\n$issuer\n$id\nSSORedirectURI /sso/callback\n</SSOProvider>",
        qr/SSO159: SSORedirectURI: "\/sso\/callback" is that of provider "default" too, so answers could be mixed up/],
    ['login path without a slash', "$good\nSSOLoginPath signin", qr/SSOLoginPath: "signin" does not begin with a slash/],
    ['login path with a query', "$good\nSSOLoginPath /signin?x", qr/SSOLoginPath: .* holds a character that such a path may not have/],
    ['login path with dots', "$good\nSSOLoginPath /a/../b", qr/SSOLoginPath: .* is not a plain path/],
    ['login path that ends in a slash', "$good\nSSOLoginPath /signin/", qr/SSOLoginPath: .* ends in a slash/],
    ['base path /', "$good\nSSOBasePath /", qr/SSOBasePath: "\/" would take the whole server/],
);

rejects 'cookies' => (
    ['Domain with __Host-', "$tls\n$issuer\n$id\nSSOCookie __Host-app Domain=acme.test", qr/SSO160: SSOCookie: Domain=acme\.test is not possible with a __Host- name/],
    ['foreign Domain', "$tls\n$issuer\n$id\nSSOCookie __Secure-app Domain=other.test", qr/SSO161: SSOCookie: Domain=other\.test is not the domain of "app\.acme\.test"/],
    ['part of a label', "$tls\n$issuer\n$id\nSSOCookie __Secure-app Domain=me.test", qr/SSO161: SSOCookie/],
    ['top-level domain', "$tls\n$issuer\n$id\nSSOCookie __Secure-app Domain=test", qr/SSOCookie: "Domain=test" is not a domain with a dot inside/],
    ['SameSite=None over http', "$good\nSSOCookie app SameSite=None", qr/SSO162: SSOCookie: SameSite=None works with Secure cookies only/],
    ['Partitioned over http', "$good\nSSOCookie app Partitioned", qr/SSO162: SSOCookie: Partitioned works with Secure cookies only/],
    ['SameSite=Strict', "$good\nSSOCookie app SameSite=Strict", qr/SSOCookie: SameSite=Strict would/],
    ['SameSite=Some', "$good\nSSOCookie app SameSite=Some", qr/SSOCookie: "SameSite=Some" is unknown/],
    ['bad name', "$good\nSSOCookie \"my app\"", qr/SSOCookie: "my app" cannot name a cookie/],
    ['name of the login cookie', "$tls\n$issuer\n$id\nSSOCookie __Host-sso-login-x", qr/SSO167: SSOCookie: .* is a name of our login cookies/],
    ['name of another provider', "$tls\n$issuer\n$id\n<SSOProvider b>\n$issuer\n$id\nSSOCookie __Host-sso\n</SSOProvider>", qr/SSO167: SSOCookie: .* has the cookies of provider "default" too/],
    ['unknown attribute', "$good\nSSOCookie app Secure", qr/SSOCookie: "Secure" is unknown/],
);

rejects 'sections and locations' => (
    ['guard without any provider', "<Location /x>\n$guard\n</Location>", qr/SSO121: AuthType: sso-oidc in <Location \/x> at \S+:\d+ has no provider to sign in at: the main server has none/],
    ['guard with named providers only', "$dev\n<SSOProvider corp>\n$issuer\n$id\n</SSOProvider>\n<Location /x>\n$guard\n</Location>",
        qr/SSO122: AuthType: sso-oidc in <Location \/x> .* has only named ones \(corp\)\. Write SSOUse/],
    ['unknown provider', "$good\n<Location /x>\n$guard\nSSOUse corp\n</Location>", qr/SSO120: SSOUse: there is no provider "corp" for <Location \/x> at \S+:\d+ in the main server \(it has default\)/],
    ['section without a name', "<SSOProvider>\n</SSOProvider>", qr/SSOProvider.*needs exactly one name/],
    ['bad name', "<SSOProvider a/b>\n</SSOProvider>", qr/"a\/b" cannot name a provider/],
    ['name of a cookie of ours', "<SSOProvider login>\n</SSOProvider>", qr/"login" is a name of our own cookies/],
    ['twice', "$dev\n<SSOProvider a>\n$issuer\n$id\n</SSOProvider>\n<SSOProvider A>\n$issuer\n$id\n</SSOProvider>", qr/"A" is there already as "a"/],
    ['foreign directive inside', "<SSOProvider a>\nServerName x\n</SSOProvider>", qr/ServerName \(line \d+\) cannot stand inside <SSOProvider a>/],
    ['server directive inside', "<SSOProvider a>\n$dev\n</SSOProvider>", qr/SSODevelopment: is for the whole server or virtual host; write it outside <SSOProvider a>/],
    ['section in a location', "<Location /x>\n<SSOProvider a>\n</SSOProvider>\n</Location>", qr/SSOProvider/],
    ['provider directive in a location', "<Location /x>\n$issuer\n</Location>", qr/SSOIssuer not allowed/],
    ['location directive in the server', "$good\nSSOUse default", qr/SSOUse not allowed/],
    ['twice in a location', "$good\n<Location /x>\nSSOUse default\nSSOUse default\n</Location>", qr/SSOUse: stands twice in this section/],
    ['expression of SSOUnauthenticated', "$good\n<Location /x>\n$guard\nSSOUnauthenticated 401 \"%{nonsense\"\n</Location>", qr/SSOUnauthenticated: the expression .* cannot be read/],
    ['action of SSOUnauthenticated', "$good\n<Location /x>\nSSOUnauthenticated 404\n</Location>", qr/SSOUnauthenticated: "404" is unknown; write auto, redirect/],
    ['line that never counts', "$good\n<Location /x>\nSSOUnauthenticated auto\nSSOUnauthenticated 401\n</Location>", qr/SSOUnauthenticated: stands after a line without an expression/],
    ['SSOAccept unknown', "$good\n<Location /x>\nSSOAccept basic\n</Location>", qr/SSOAccept: "basic" is unknown/],
    ['access token without code', "$good\nSSOResponseType id_token\n<Location /x>\nSSOPassToken access\n</Location>", qr/SSO127: SSOPassToken: access in <Location \/x> .* has nothing to pass/],
    ['format', "$good\n<Location /x>\nSSOClaimFormat latin1\n</Location>", qr/SSOClaimFormat: "latin1" is unknown/],
    ['delimiter', "$good\n<Location /x>\nSSOClaimDelimiter ab\n</Location>", qr/SSOClaimDelimiter: "ab" is not one of/],
    ['environment prefix HTTP_', "$good\n<Location /x>\nSSOClaimEnv HTTP_\n</Location>", qr/SSOClaimEnv: names that begin with HTTP_ have a meaning/],
    ['environment prefix LD_', "$good\n<Location /x>\nSSOClaimEnv LD_PRE_\n</Location>", qr/SSOClaimEnv: names that begin with LD_/],
    ['environment prefix empty', "$good\n<Location /x>\nSSOClaimEnv \"\"\n</Location>", qr/SSOClaimEnv takes one argument/],
);

rejects 'headers that carry claims' => (
    (map { my $header = $_; ["$header", "$good\n<Location /x>\nSSOClaimHeader email $header\n</Location>", qr/SSOClaimHeader: "\Q$header\E" is a header that HTTP, browsers or proxies give a meaning/] }
        qw(Host Cookie COOKIE Authorization Connection Content-Type content_length Transfer-Encoding Transfer_Encoding Expect Upgrade TE Trailer
           Via Forwarded X-Forwarded-For x_forwarded_for X-Forwarded-Proto X-Forwarded-Host X-Forwarded.Port Sec-Fetch-Dest Accept Range)),
    ['no token', "$good\n<Location /x>\nSSOClaimHeader email \"X Mail\"\n</Location>", qr/SSOClaimHeader: "X Mail" cannot name a header/],
    ['line break', "$good\n<Location /x>\nSSOClaimHeader email X-Mail:\n</Location>", qr/SSOClaimHeader: "X-Mail:" cannot name a header/],
    ['claim with a blank', "$good\n<Location /x>\nSSOClaimHeader \"e mail\" X-Mail\n</Location>", qr/SSOClaimHeader: "e mail" is not the name of a claim/],
    ['two claims, one header', "$good\n<Location /x>\nSSOClaimHeader email X-Who\nSSOClaimHeader name x_who\n</Location>", qr/SSOClaimHeader: the header x_who is set from email already/],
    ['preset and claim', "$good\n<Location /x>\nSSOHeaders openmetadata\nSSOClaimHeader name X-Auth-Params-Email\n</Location>", qr/SSOClaimHeader: the header X-Auth-Params-Email is set from email already/],
    ['unknown preset', "$good\n<Location /x>\nSSOHeaders grafana\n</Location>", qr/SSOHeaders: "grafana" is unknown; write openmetadata, forwarded/],
    ['empty prefix', "$good\n<Location /x>\nSSOClaimPrefix \"\"\n</Location>", qr/SSOClaimPrefix takes one argument/],
    ['prefix that covers others', "$good\n<Location /x>\nSSOClaimPrefix X-Forwarded-\n</Location>", qr/SSOClaimPrefix: the prefix "X-Forwarded-" covers the header x-forwarded-/],
    ['prefix below a family', "$good\n<Location /x>\nSSOClaimPrefix Sec-Claim-\n</Location>", qr/SSOClaimPrefix: the prefix "Sec-Claim-" covers the header sec-/],
    ['prefix without an end', "$good\n<Location /x>\nSSOClaimPrefix X-App\n</Location>", qr/SSOClaimPrefix: "X-App" is not a prefix of header names/],
    ['token in a header that is taken', "$good\n<Location /x>\nSSOPassToken access Cookie\n</Location>", qr/SSOPassToken: "Cookie" is a header/],
);

# What DESIGN promises and this version does not have is refused; once it is there, its own rules are.
my %has = map { my ($name, $conf) = @$_; $name => (configtest("$good\n$conf"))[1] !~ /is not available in this version/ } (
    [bearer => "SSOBearerIssuer https://login.acme.test\nSSOBearerAudience api"], [origins => 'SSOAllowOrigin https://a.acme.test'],
    [refresh => 'SSORefresh 60'], [revocation => 'SSOEndpoint revocation https://login.acme.test/revoke']);

rejects 'what is for later' => (
    $has{revocation} ? () : ['revocation', "$good\nSSOEndpoint revocation https://login.acme.test/r", qr/SSOEndpoint revocation is not available in this version/],
    $has{refresh} ? () : ['refresh', "$good\nSSORefresh 60", qr/SSORefresh with seconds is not available in this version/],
    $has{origins} ? () : ['origins', "$good\nSSOAllowOrigin https://a.acme.test", qr/SSOAllowOrigin is not available in this version/],
    $has{bearer} ? () : (
        ['bearer', "$good\n<Location /x>\nSSOAccept session bearer\n</Location>", qr/SSOAccept bearer is not available in this version/],
        ['bearer issuer', "$good\nSSOBearerIssuer https://login.acme.test", qr/SSOBearerIssuer is not available in this version/],
        ['bearer audience', "$good\nSSOBearerAudience api", qr/SSOBearerAudience is not available in this version/]),
);

my $mint = "$guard\nSSOPassToken minted";
$httpd->write('conf/mint-open.pem', scalar qx(openssl genrsa 2048 2>/dev/null));
$httpd->write('conf/mint-short.pem', scalar qx(openssl genrsa 1024 2>/dev/null));
$httpd->write('conf/mint-ec.pem', scalar qx(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null));
$httpd->write('conf/mint-good.pem', scalar qx(openssl genrsa 2048 2>/dev/null));
$httpd->write('conf/mint-public.pem', scalar qx(openssl rsa -in $root/conf/mint-good.pem -pubout 2>/dev/null));
chmod 0644, "$root/conf/mint-open.pem";
chmod 0600, map { "$root/conf/mint-$_.pem" } qw(short ec good public);
sub bridge { my ($more, $section, $server) = @_; return "$good\n" . ($server // '') . "\n<" . ($section // 'Location /om/') . ">\nAuthType sso-oidc\nRequire valid-user\nSSOMintAudience a\n$more\n</" . (($section // 'Location') =~ s/ .*//sr) . '>' }
my $on = 'SSOBridge openmetadata';
rejects 'the bridge' => (
    ['another application', bridge('SSOBridge datahub'), qr/SSOBridge: "datahub" is unknown; write openmetadata, or none below a bridge/],
    ['another delivery', bridge("$on header"), qr/SSOBridge: "header" is unknown; write query or fragment/],
    ['none with a delivery', bridge('SSOBridge none query'), qr/SSOBridge: "none" is unknown/],
    ['twice', bridge("$on\n$on"), qr/SSOBridge: stands twice/],
    (map { ["in <$_>", bridge($on, $_), qr/SSOBridge: needs to know the path below which the application's interface lives/] }
        'LocationMatch ^/om', 'Location ~ "/om"', 'Location /om*', 'Directory /srv', 'Location "/a b"', 'Location /a;b'),
    ['in the server', "$good\n$on", qr/SSOBridge not allowed here/],
    ['bearer only', bridge("$on\nSSOAccept bearer", undef, 'SSOBearerIssuer https://login.acme.test\nSSOBearerAudience api'), qr{SSO173: SSOBridge: in <Location /om/> at \S+:\d+ signs people in, .*write SSOAccept session bearer}],
    (map { ["with SSOPassToken $_", bridge("$on\nSSOPassToken $_"), qr/SSO174: SSOPassToken: in <Location \/om\/> contradicts SSOBridge at .*; remove it/] } 'id', 'access', 'none', 'minted X-Token'),
    ['sessions too short', bridge($on, undef, 'SSOSessionTimeout 1m 2m'), qr/SSO175: SSOSessionTimeout: 120 seconds at most are too short for SSOBridge at/],
    ['without a guard', "$good\n<Location />\nSSOMintAudience a\n$on\n</Location>", qr/SSO176: SSOBridge: in <Location \/> at \S+ guards nothing by itself; write AuthType sso-oidc/],
    (map { ["$_->[0] at $_->[1]", bridge($on, undef, "$_->[0] $_->[1]"), qr/SSO177: $_->[0]: "\Q$_->[1]\E" is an address of the interface behind SSOBridge at/] }
        ['SSORedirectURI', '/om/auth/callback'], ['SSORedirectURI', '/om/api/v1/auth/callback'], ['SSOLoginPath', '/om/api/v1/auth/login'], ['SSOLogoutPath', '/om/api/v1/auth/logout'], ['SSOBasePath', '/om/api/sso/']),
);
accepted 'the bridge where it may be' => (
    ['at the root', bridge($on, 'Location /')],
    ['in the fragment', bridge("$on fragment")], ['in the query', bridge("$on query")], ['not below', bridge('SSOBridge none')],
    ['with minted', bridge("$on\nSSOPassToken minted")], ['callbacks of OpenMetadata', bridge($on, undef, "SSORedirectURI /om/callback\nSSOLoginPath /om/signin\nSSOLogoutPath /om/logout")],
);

sub minted { my ($more, $key) = @_; return "$good\n" . ($key ? "SSOMintKey $root/conf/mint-$key.pem\n" : '') . "<Location /x>\n$mint\n$more\n</Location>" }

rejects 'minted tokens' => (
    ['no audience', minted(''), qr{SSO116: SSOMintAudience: is missing for SSOPassToken minted in <Location /x> at \S+:\d+}],
    ['bridge without an audience', "$good\n<Location /x>\nAuthType sso-oidc\nSSOBridge openmetadata\n</Location>", qr{SSO116: SSOMintAudience: is missing for SSOBridge in <Location /x> at \S+:\d+}],
    ['placeholder audience', minted('SSOMintAudience "<client-id>"'), qr/SSOMintAudience: "<client-id>" is a placeholder/],
    ['empty audience', minted('SSOMintAudience ""'), qr/SSOMintAudience: names nobody/],
    ['audience twice', minted("SSOMintAudience a\nSSOMintAudience b"), qr/SSOMintAudience: stands twice/],
    ['too short a life', minted("SSOMintAudience a\nSSOMintLifetime 61"), qr/SSOMintLifetime: "61" is not a time from 120 to 3600 seconds/],
    ['too long a life', minted("SSOMintAudience a\nSSOMintLifetime 2h"), qr/SSOMintLifetime: "2h" is not a time from 120 to 3600/],
    (map { ["claim $_", minted("SSOMintAudience a\nSSOMintClaim $_ x"), qr/SSOMintClaim: "$_" (?:is set by the module itself|means to OpenMetadata|is another spelling)/] }
        qw(iss aud exp email sessionId SESSION_ID isbot tokenType impersonatedUser Sub)),
    ['claim twice', minted("SSOMintAudience a\nSSOMintClaim teams x\nSSOMintClaim Teams y"), qr/SSOMintClaim: "Teams" is set from x already \(as teams\)/],
    ['claim with a blank', minted("SSOMintAudience a\nSSOMintClaim teams \"a b\""), qr/SSOMintClaim: "a b" is not the name of a claim/],
    ['key that is missing', minted('SSOMintAudience a', 'absent'), qr{SSO181: SSOMintKey: \S+mint-absent\.pem does not exist reason=file-absent}],
    ['key that others read', minted('SSOMintAudience a', 'open'), qr/SSO181: SSOMintKey: .*reason=file-mode/],
    ['short key', minted('SSOMintAudience a', 'short'), qr/SSO181: SSOMintKey: .*reason=jwk-rsa-size/],
    ['key of another kind', minted('SSOMintAudience a', 'ec'), qr/SSO181: SSOMintKey: .*an RSA key .*reason=mint-key/],
    ['public key', minted('SSOMintAudience a', 'public'), qr/SSO181: SSOMintKey: .*the private one .*reason=mint-key/],
);
accepted 'minted tokens' => (
    ['with a key', minted('SSOMintAudience a', 'good')],
    ['with the key made at the start', minted("SSOMintAudience a b\nSSOMintLifetime 15m\nSSOMintClaim sub sub\nSSOMintClaim teams groups")],
    ['audience around it', "$good\n<Location />\nSSOMintAudience a\n</Location>\n<Location /x>\n$mint\n</Location>"],
);
ok !-e "$root/state/mint-key.pem", 'httpd -t makes no key';

rejects 'bearer tokens' => (
    ['no issuer', "$good\n<Location /x>\n$guard\nSSOAccept session bearer\n</Location>", qr/SSO128: SSOAccept: bearer in <Location \/x> .* needs SSOBearerIssuer and SSOBearerAudience/],
    ['no audience', "$good\nSSOBearerIssuer https://login.acme.test", qr/SSO124: SSOBearerIssuer: needs SSOBearerAudience/],
    ['audience alone', "$good\nSSOBearerAudience api", qr/SSO123: SSOBearerAudience: stands without SSOBearerIssuer/],
    ['none without keys', "$good\nSSOBearerIssuer https://login.acme.test\nSSOBearerAudience none", qr/SSO125: SSOBearerAudience: none is only possible beside an explicit JWKS-URL/],
    ['issuer that is no URL', "$good\nSSOBearerIssuer open-metadata.org\nSSOBearerAudience api", qr/SSO166: SSOBearerIssuer: .* its keys cannot be found/],
    ['keys over http', "$good\nSSOBearerIssuer open-metadata.org http://keys.acme.test/jwks\nSSOBearerAudience none", qr/SSO133: SSOBearerIssuer: .* is http/],
    ['keys in a file that is not there', "$good\nSSOBearerIssuer robots file:/nowhere/keys.json\nSSOBearerAudience api", qr/SSO166: SSOBearerIssuer: "file:.*" must name a regular file by its full path/],
    ['keys in a file by half its path', "$good\nSSOBearerIssuer robots file:keys.json\nSSOBearerAudience api", qr/SSO166: SSOBearerIssuer: "file:keys.json" must name/],
    ['keys at no address', "$good\nSSOBearerIssuer robots keys\nSSOBearerAudience api", qr/SSO166: SSOBearerIssuer: "keys" is not the URL of a key set/],
    ['an audience too many', "$good\nSSOBearerIssuer https://login.acme.test\nSSOBearerAudience none api", qr/SSOBearerAudience: none stands alone/],
    ['an issuer twice', "$good\nSSOBearerIssuer https://a.test\nSSOBearerIssuer https://a.test https://a.test/k\nSSOBearerAudience api", qr/SSOBearerIssuer: "https:\/\/a.test" stands twice/],
    ['no algorithm', "$good\nSSOClientSecret 7Vq2mXb7L4kT9vQzRr81hNcPd0wYs6Ue5aGf\nSSOSigningAlgs HS256\nSSOBearerIssuer https://login.acme.test\nSSOBearerAudience api", qr/SSO129: SSOSigningAlgs: leaves no algorithm/],
    ['issuer of a location without an audience', "$good\n<Location /x>\n$guard\nSSOAccept bearer\nSSOBearerIssuer https://b.acme.test\n</Location>", qr/SSO351: SSOBearerIssuer: in <Location \/x> at \S+:\d+ needs SSOBearerAudience/],
    ['issuer of a location that is no URL', "$good\n<Location /x>\n$guard\nSSOBearerIssuer open-metadata.org\nSSOBearerAudience api\n</Location>", qr/SSO166: SSOBearerIssuer: .* its keys cannot be found/],
    ['none of a location without keys', "$good\n<Location /x>\n$guard\nSSOBearerIssuer https://b.acme.test\nSSOBearerAudience none\n</Location>", qr/SSO125: SSOBearerAudience: none is only possible beside an explicit/],
    ['audience of a location twice', "$good\n<Location /x>\nSSOBearerAudience a\nSSOBearerAudience b\n</Location>", qr/SSOBearerAudience: stands twice in this section/],
    ['issuer of a location twice', "$good\n<Location /x>\nSSOBearerIssuer https://b.acme.test\nSSOBearerIssuer https://b.acme.test\n</Location>", qr/SSOBearerIssuer: .*stands twice in this section/],
    ['asking without an issuer', "$good\n$secret\nSSOIntrospect On", qr/SSO348: SSOIntrospect: needs SSOBearerIssuer and SSOBearerAudience/],
    ['asking of a location without an issuer', "$good\n$secret\n<Location /x>\nSSOIntrospect On\n</Location>", qr/SSO348: SSOIntrospect: in <Location \/x> at \S+:\d+ needs SSOBearerIssuer/],
    ['asking as a public client', "$good\nSSOBearerIssuer https://login.acme.test\nSSOBearerAudience api\nSSOIntrospect On", qr/SSO349: SSOIntrospect: needs a client that can say who it is/],
    ['asking nowhere', "$good\n$secret\nSSOBearerIssuer https://login.acme.test\nSSOBearerAudience api\nSSOIntrospect On\nSSOEndpoint introspection none", qr/SSO350: SSOIntrospect: On contradicts SSOEndpoint introspection none/],
    ['asking, perhaps', "$good\nSSOIntrospect maybe", qr/SSOIntrospect must be On or Off/],
) if $has{bearer};

rejects 'origins' => (
    ['any', "$good\nSSOAllowOrigin *", qr/SSOAllowOrigin: "\*" is not an origin/],
    ['with a path', "$good\nSSOAllowOrigin https://a.acme.test/", qr/SSOAllowOrigin: .* is not an origin/],
    ['http', "$good\nSSOAllowOrigin http://a.acme.test", qr/SSO107: SSOAllowOrigin: .* is http; write https/],
) if $has{origins};

rejects 'the server' => (
    ['http in production', "ServerName http://app.acme.test\n$issuer\n$id", qr/SSO102: ServerName: this server is plain http/],
    ['loopback without development', "$issuer\n$id", qr/SSO103: SSODevelopment: this server is plain http on the loopback host "127\.0\.0\.1"; write SSODevelopment On/],
    ['development off the loopback', "ServerName http://app.acme.test\n$good", qr/SSO104: SSODevelopment: On allows http for loopback hosts only/],
    ['merged trailers', "$good\nMergeTrailers On", qr/SSO110: MergeTrailers: On would let a client send identity headers/],
    ['header limit', "$good\nLimitRequestFieldSize 3000", qr/SSO112: LimitRequestFieldSize: 3000 leaves no room/],
    ['idle longer than all', "$good\nSSOSessionTimeout 24h 8h", qr/SSOSessionTimeout: the idle time 24h is longer than the whole session 8h/],
    ['timeout out of range', "$good\nSSOSessionTimeout 0s 8h", qr/SSOSessionTimeout: "0s" is not a time from 1 to 2592000 seconds/],
    ['timeouts of calls', "$good\nSSOTimeout 20 10", qr/SSOTimeout: the time to connect \(20\) is longer/],
    ['store', "$good\nSSOSessionStore file", qr/SSOSessionStore: "file" is unknown; write cookie or cache/],
    ['redis', "$good\nSSOCache redis://127.0.0.1/x", qr/SSO109: SSOCache: .*not the number of a database/],
    ['unknown cache', "$good\nSSOCache nosuch:x", qr/SSO109: SSOCache: .*nosuch/],
    ['proxy network', "$good\nSSOTrustedProxy 10.0.0.0/33", qr/SSOTrustedProxy: "10\.0\.0\.0\/33" is not an address or network/],
    ['proxy by name', "$good\nSSOTrustedProxy proxy.acme.test", qr/SSOTrustedProxy: "proxy\.acme\.test" is not an address/],
    ['everybody a proxy', "$good\nSSOTrustedProxy 0.0.0.0/0", qr/SSOTrustedProxy: "0\.0\.0\.0\/0" would trust every client/],
    ['return host with a path', "$good\nSSOAllowReturn app.acme.test/x", qr/SSOAllowReturn: .* is not a host/],
    ['return host with a scheme', "$good\nSSOAllowReturn https://app.acme.test", qr/SSOAllowReturn: .* is not a host/],
    ['return to any host', "$good\nSSOAllowReturn *", qr/SSOAllowReturn: "\*" is not a host/],
    ['return to a top-level domain', "$good\nSSOAllowReturn .com", qr/SSOAllowReturn: "\.com" would allow every host/],
    ['outgoing proxy', "$good\nSSOOutgoingProxy proxy:3128", qr/SSOOutgoingProxy: .* is not the URL of a proxy/],
    ['error page', "$good\nSSOErrorPage $root/absent.html", qr/SSO115: SSOErrorPage: \S+absent\.html cannot be read/],
    ['CA file', "$good\nSSOCAFile $root/absent.pem", qr/SSO111: SSOCAFile: \S+absent\.pem cannot be read/],
    ['development word', 'SSODevelopment maybe', qr/SSODevelopment must be On or Off/],
);

sub vhost { my ($name, $conf) = @_; return "<VirtualHost 127.0.0.1:\${PORT}>\nServerName $name\n$conf\n</VirtualHost>\n" }

rejects 'virtual hosts' => (
    ['the sentence names the host', vhost('https://a.acme.test', $id), qr/SSO130: SSOIssuer: .*\(virtual host a\.acme\.test at \S+httpd\.conf:\d+, provider "default" at \S+httpd\.conf:\d+\)/],
    ['no ServerName', "<VirtualHost 127.0.0.1:\${PORT}>\n$issuer\n$id\n</VirtualHost>", qr/SSO101: ServerName: is missing, and sessions are bound to it/],
    ['provider of another host', vhost('https://a.acme.test', "<SSOProvider corp>\n$issuer\n$id\n</SSOProvider>") . vhost('https://b.acme.test', "<Location /x>\n$guard\nSSOUse corp\n</Location>"),
        qr/SSO120: SSOUse: there is no provider "corp" .* in virtual host b\.acme\.test .* \(it has none\)/],
    ['guard of the server, provider of one host', "<Location /x>\n$guard\n</Location>\n" . vhost('https://a.acme.test', "$issuer\n$id") . vhost('https://b.acme.test', ''),
        qr/SSO121: AuthType: .*: virtual host b\.acme\.test at .* has none/],
    ['same host and cookie, other client', vhost('https://a.acme.test', "$issuer\n$id") . "<VirtualHost 127.0.0.1:1>\nServerName https://a.acme.test:1\n$issuer\nSSOClientID another-client-4711\n</VirtualHost>",
        qr/SSO113: SSOCookie: the session cookie "__Host-sso" is that of virtual host a\.acme\.test at .* too, which has another issuer or client id/],
);

rejects 'key files' => (
    ['missing', "$good\nSSOKeyFile $root/absent.keys", qr/SSO180: SSOKeyFile: \S+absent\.keys does not exist; a file that is named is never made/],
    ['readable for everybody', "$good\nSSOKeyFile " . $httpd->write('open.keys', $key, 0644), qr/SSO180: SSOKeyFile: .* can be used by others \(mode 644\); run chmod 600/],
    ['empty', "$good\nSSOKeyFile " . $httpd->write('empty.keys', "# nothing\n", 0600), qr/SSO180: SSOKeyFile: .*empty\.keys: .*Make a key with: openssl rand -base64 32/],
    ['short key', "$good\nSSOKeyFile " . $httpd->write('short.keys', "c2hvcnQ=\n", 0600), qr/SSO180: SSOKeyFile: .*keyfile-length/],
    ['no base64', "$good\nSSOKeyFile " . $httpd->write('text.keys', "my secret passphrase\n", 0600), qr/SSO180: SSOKeyFile: .*keyfile-/],
    ['zeros', "$good\nSSOKeyFile " . $httpd->write('zero.keys', encode_key("\0" x 32), 0600), qr/SSO180: SSOKeyFile: .*keyfile-weak/],
    ['directory', "$good\nSSOKeyFile $root/state", qr/SSO180: SSOKeyFile: .* is not a regular file/],
);

subtest 'the state directory' => sub {
    mkdir "$root/open" or die;
    chmod 0777, "$root/open";
    my ($passed, $said) = configtest("$good\nSSOStateDir $root/open", 0);
    ok !$passed, 'one that everybody can write is refused';
    like $said, qr/SSO180: SSOStateDir: \S+open can be written by others \(mode 777\); run chmod 711/, 'and the sentence says so';
    ($passed, $said) = configtest("$good\nSSOStateDir $root/no/where", 0);
    ok !$passed, 'one that cannot be made is refused';
    like $said, qr/SSO180: SSOStateDir: \S+where does not exist and cannot be made .*install -d -m 711/, 'and the sentence says what to do';
    ($passed, $said) = configtest("$good\nSSOStateDir $root/secret-json", 0);
    ok !$passed, 'a file is refused';
    like $said, qr/SSO180: SSOStateDir: \S+secret-json is not a directory/, 'and the sentence says so';
    ($passed, $said) = configtest("$good\nSSOStateDir $root/fresh", 0);
    ok $passed, 'one that can be made is fine' or diag $said;
    ok !-e "$root/fresh", 'and httpd -t does not make it';
};

# Only root can give files away and become somebody else.
sub configtest_as {
    my ($uid, $conf) = @_;
    $httpd->conf($conf);
    my @command = $httpd->_command('-t');
    my $pid = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        require POSIX;
        my $env = $httpd->_env;
        @ENV{keys %$env} = values %$env;
        POSIX::setgid($uid) && POSIX::setuid($uid) && exec @command;
        POSIX::_exit(127);
    }
    my $said = do { local $/; <$out> };
    close $out;
    return ($? == 0, $said);
}

$httpd->write('good.keys', encode_key(join '', map { chr(($_ * $_ * 37 + 11) % 256) } 1 .. 32) . $key, 0600);
$httpd->write('good-secret', "q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0400);
$httpd->write('good-json', '{"web":{"client_id":"0oa8x4kq1cPcdVZsM5d7","client_secret":"q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya"}}', 0600);
$httpd->write('get-secret', "#!/bin/sh\ntouch $root/exec-ran\necho q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0700);
system("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $root/good.pem 2>/dev/null && chmod 600 $root/good.pem") == 0 or die;

subtest 'owners of files' => sub {
    plan skip_all => 'needs root' if $> != 0 && !$ENV{CI};
    my $other = getpwnam 'nobody';
    chown $other, -1, $httpd->write('foreign-secret', "q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0600);
    my ($passed, $said) = configtest("$good\nSSOClientSecret file:$root/foreign-secret");
    ok !$passed, 'a secret of another user is refused';
    like $said, qr/SSO147: .* belongs to user $other; it must belong to root or to the user who starts httpd: run chown root/, 'and the sentence says so';
    mkdir "$root/foreign" or die;
    chown $other, -1, "$root/foreign";
    ($passed, $said) = configtest("$good\nSSOStateDir $root/foreign", 0);
    ok !$passed, 'a state directory of another user is refused';
    like $said, qr/SSO180: SSOStateDir: \S+foreign belongs to user $other/, 'and the sentence says so';
    ($passed, $said) = configtest_as($other, "SSOStateDir $root/foreign\n$good");
    ok $passed, 'for that user it is fine' or diag $said;
    ($passed, $said) = configtest_as($other, "SSOStateDir $root/state\n$good");
    ok !$passed, 'but not that of root';
    like $said, qr/SSO180: SSOStateDir: \S+state cannot be written .* make the user who starts httpd its owner, or name another directory with SSOStateDir/, 'and the sentence says what to do';
    ($passed, $said) = configtest_as($other, "SSOStateDir $root/foreign\nSSOKeyFile $root/good.keys\n$good");
    ok !$passed, 'nor a key file of root';
    like $said, qr/SSO180: SSOKeyFile: \S+good\.keys cannot be opened .*; it must be readable for the user who starts httpd/, 'and the sentence says why';
};

accepted 'good configurations' => (
    ['no directive of ours', 'Options None'],
    ['issuer and client id', "$good\n<Location /x>\n$guard\n</Location>"],
    ['onelogin by its subdomain', "$dev\nSSOPreset onelogin acme\n$id"],
    ['onelogin by its host', "$dev\nSSOPreset onelogin acme.onelogin.com\n$id"],
    ['onelogin with the same issuer', "$dev\nSSOPreset onelogin acme\nSSOIssuer https://acme.onelogin.com/oidc/2\n$id"],
    ['auth0 by its domain', "$dev\nSSOPreset auth0 acme.eu.auth0.com\nSSOIssuer https://acme.eu.auth0.com/\n$id"],
    ['every other preset', join "\n", $dev, map { my ($n, @a) = split; "<SSOProvider p$n>\nSSOPreset $n @a\n$id\n$secret\n</SSOProvider>" }
        'okta acme.okta.com', 'entra 8eaef023-2b34-4da1-9baa-8bc8c9d6a490', 'google', 'keycloak login.acme.test/realms/staff', 'cognito eu-west-1/eu-west-1_Ab12Cd34E',
        'gitlab', 'authentik auth.acme.test/application/o/catalog/', 'zitadel acme.zitadel.cloud', 'dex dex.acme.test/dex'],
    ['secret with blanks and brackets inside', "$good\nSSOClientSecret \"q7Vw2 mJx9{Rk4<Tz8Lb3>\""],
    ['secret of a file', "$good\nSSOClientSecret file:$root/good-secret"],
    ['JSON of a console', "$dev\n$issuer\nSSOClientSecret file:$root/good-json"],
    ['secret of a program', "$good\nSSOClientSecret \"exec:$root/get-secret now\""],
    ['private key', "$good\nSSOClientAuth private_key_jwt\nSSOClientKey $root/good.pem key-1"],
    ['HS256 with a secret', "$good\nSSOSigningAlgs RS256 HS256\n$secret"],
    ['end_session template', "$good\nSSOEndpoint end_session \"https://login.acme.test/out?c={client_id}&r={return_to}&h={id_token}\""],
    ['no end_session', "$good\nSSOEndpoint end_session none"],
    ['own paths', "$good\nSSOBasePath /auth\nSSOLoginPath /signin\nSSORedirectURI /callback"],
    ['whole redirect URI', "$tls\n$issuer\n$id\nSSORedirectURI https://app.acme.test/callback"],
    ['redirect URI of an alias', vhost('https://app.acme.test', "ServerAlias *.acme.test\n$issuer\n$id\nSSORedirectURI https://www.acme.test/callback")],
    ['a whole redirect URI stands in for ServerName', "<VirtualHost 127.0.0.1:\${PORT}>\n$issuer\n$id\nSSORedirectURI https://a.acme.test/callback\n</VirtualHost>"],
    ['proxy in front does TLS', "ServerName http://app.acme.test\nSSOTrustedProxy 10.0.0.0/8 2001:db8::/32\n$issuer\n$id"],
    ['cookie of a domain', "$tls\n$issuer\n$id\nSSOCookie __Secure-app Domain=acme.test SameSite=None Partitioned"],
    ['key file with two keys', "$good\nSSOKeyFile $root/good.keys"],
    ['named provider, used before it stands there', "$dev\n<Location /x>\n$guard\nSSOUse corp\n</Location>\n<SSOProvider corp>\n$issuer\n$id\n</SSOProvider>"],
    ['provider with the name in an outer section', "$dev\n<SSOProvider corp>\n$issuer\n$id\n</SSOProvider>\n<Location />\nSSOUse corp\n</Location>\n<Location /x>\n$guard\n</Location>"],
    ['everything a location can say', "$good\n<Location /x>\n$guard\nSSOClaimPrefix X-App-\nSSOClaimHeader email X-Mail\nSSOHeaders forwarded webauth\nSSOClaimEnv APP_\nSSOClaimFormat percent\n"
        . "SSOClaimDelimiter ;\nSSOUnauthenticated 401 \"%{HTTP:Accept} == 'application/json'\"\nSSOUnauthenticated redirect\nSSORemoteUser email \"^(.*)\@acme\\.test\$\" \$1\n"
        . "SSOMaxAge 1h\nSSORequireACR gold\nSSOAuthParam ui_locales de\n</Location>"],
    ['everything a server can say', "$good\nSSOSessionTimeout 1h 12h\nSSOSessionStore cache\nSSOCache shmcb\nSSOSessionClaims email groups\nSSOAllowReturn wiki.acme.test .apps.acme.test:8443\n"
        . "SSOTrustedProxy 127.0.0.1 ::1\nSSOOutgoingProxy http://proxy.acme.test:3128\nSSOTimeout 3 9\nSSOMaxCalls 20\nSSOAudience api-1 api-2\nSSOClockSkew 2m\nSSOMaxAge 8h\nSSORequireACR gold silver\n"
        . "SSORefresh off\nSSOAuthParam prompt select_account\nSSOErrorPage $root/htdocs/index.html\nSSOCAFile /etc/ssl/certs/ca-certificates.crt"],
    ['step-up and tokens', "$good\n<Location /x>\n$guard\nSSOStepUp gold 15m\nSSOAccept session\nSSOPassToken id X-Id-Token\n</Location>\n<Location /y>\n$guard\nSSOPassToken access\n</Location>"],
    ['two hosts, two providers', vhost('https://a.acme.test', "$issuer\n$id") . vhost('https://b.acme.test', "SSOIssuer https://b.test\nSSOClientID b-client-4711")],
    ['a template of the server, completed by its hosts', "$issuer\nSSOScope \"openid email\"\n" . vhost('https://a.acme.test', $id) . vhost('https://b.acme.test', 'SSOClientID b-client-4711')],
    ['two ports of one client', vhost('https://a.acme.test', "$issuer\n$id") . "<VirtualHost 127.0.0.1:1>\nServerName https://a.acme.test:1\n$issuer\n$id\n</VirtualHost>"],
    ['a plain redirect host beside', "$issuer\n$id\n" . vhost('https://a.acme.test', "<Location />\n$guard\n</Location>") . vhost('http://b.acme.test', 'Redirect / https://a.acme.test/')],
);

# The examples of the documentation: each is put where its section says it may stand.
subtest 'the examples of docs/directives.md start' => sub {
    my %file = ('/etc/apache2/sso.secret' => 'good-secret', '/usr/local/bin/vault-read' => 'get-secret', '/etc/apache2/sso-client.pem' => 'good.pem',
        '/etc/apache2/sso-error.html' => 'htdocs/index.html', '/etc/apache2/sso.keys' => 'good.keys', '/srv/www/sso-state' => 'state', '/etc/ssl/acme-ca.pem' => 'htdocs/index.html',
        '/etc/apache2/mint.pem' => 'conf/mint-good.pem', '/etc/apache2/sso-client.crt' => 'certificate.pem',
        '/etc/apache2/sso-client.key' => 'pem-good');
    open my $in, '<:encoding(UTF-8)', 'docs/directives.md' or die "docs/directives.md: $!";
    my $text = do { local $/; <$in> };
    my $examples = 0;
    while ($text =~ /^### `?<?(SSO\w+)(.*?)(?=^##|\z)/gms) {
        my ($name, $body) = ($1, $2);
        my ($where) = $body =~ /^- Where: (.*)/m or next;
        my ($example) = $body =~ /```apache\n(.*?)```/s;
        ok $example, "$name has an example" or next;
        $examples++;
        $example =~ s{(/(?:etc|usr|srv)/[\w./-]+)}{"$root/" . ($file{$1} // die "$name: no file for $1\n")}ge;
        my @blocks = $name =~ /^SSO(?:ClientSecret|PassToken|Use)$/ ? split(/^(?=SSO)/m, $example) : $example;
        for my $block (@blocks) {
            my $rest = $name eq 'SSOUse' ? "<SSOProvider partners>\n$issuer\n$id\n</SSOProvider>" : '';
            $rest .= "\n$secret" if $block =~ /client_secret_post/;
            $block = "<Location /x>\n$block\n</Location>" if $where eq 'location' && $block !~ /^</m;
            my $nested = $block =~ /<SSOProvider/;
            my $base = join "\n", $block =~ /^SSODevelopment/m ? () : $dev,
                !$nested && $block =~ /^SSO(?:Issuer|Preset)\b/m ? () : $issuer, !$nested && $block =~ /^SSOClientID\b/m ? () : $id;
            my $host = $block =~ /Domain=acme\.com/ ? 'ServerName https://www.acme.com' : '';
            my ($passed, $said) = configtest("$host\n$base\n$rest\n$block", $name ne 'SSOStateDir');
            ok $passed, "$name: httpd -t passes" or diag "$block\n$said";
        }
    }
    cmp_ok $examples, '>', 45, 'they were found';
};

subtest 'httpd -t makes nothing and runs nothing' => sub {
    ok !-e "$root/state/keys", 'no key file';
    ok !-e "$root/exec-ran", 'no program';
};

subtest 'a quick cache over a guarded server is warned of' => sub {
    my $cached = SSO::Httpd->new(modules => ['cache', 'cache_socache']);
    $cached->conf("SSOStateDir $root/state\n$good\nCacheEnable socache /\n<Location /x>\n$guard\n</Location>");
    my ($passed, $said) = $cached->configtest;
    ok $passed, 'passes' or diag $said;
    like $said, qr/SSO114: CacheQuickHandler: CacheEnable \(\S+:\d+\) answers before AuthType sso-oidc is asked/, 'and warns';
    $cached->conf("SSOStateDir $root/state\n$good\nCacheEnable socache /\nCacheQuickHandler off\n<Location /x>\n$guard\n</Location>");
    ($passed, $said) = $cached->configtest;
    unlike $said, qr/SSO114/, 'not with the handler off';
};

subtest 'an issuer on another host than the preset counts' => sub {
    my ($passed, $said) = configtest("$dev\nSSOPreset auth0 acme.eu.auth0.com\nSSOIssuer https://login.acme.test/\n$id");
    ok $passed, 'a domain of one\'s own starts' or diag $said;
    like $said, qr{SSO170: SSOIssuer: "https://login.acme.test/" counts, not "https://acme.eu.auth0.com/"}, 'and is said';
};

subtest 'an .htaccess file cannot hold our directives' => sub {
    my $server = SSO::Httpd->new;
    $server->write('htdocs/own/.htaccess', "SSOUse default\n");
    $server->write('htdocs/own/index.html', 'x');
    $server->conf("SSOStateDir $root/state\n$good\n<Directory @{[$server->root]}/htdocs>\nAllowOverride All\n</Directory>");
    $server->start;
    is(SSO::Browser->new->get($server->url('/own/'), plain => 1)->status, 500, 'refused');
    ok $server->log->take(qr/SSOUse not allowed here/), 'and logged';
    $server->stop;
};

subtest 'keys are made at the start, once, for root alone' => sub {
    my $server = SSO::Httpd->new;
    my $state = $server->root . '/made';
    $server->conf("SSOStateDir $state\n$good");
    $server->start;
    my @dir = stat $state;
    is sprintf('%04o', $dir[2] & 07777), '0711', 'state directory';
    my @file = stat "$state/keys";
    is sprintf('%04o', $file[2] & 07777), '0600', 'key file';
    my $line = $server->read('made/keys');
    like $line, qr{\A[A-Za-z0-9+/]{43}=\n\z}, '32 bytes in base64';
    my ($logged) = $server->log->take(qr/SSO001: session keys: \Q$state\E\/keys has ([0-9a-f]{8}) \(seals\)/);
    ok $logged, 'the id is logged';
    opendir my $dh, $state or die;
    is_deeply [grep { !/^(\.\.?|cache)$/ } sort readdir $dh], ['keys'], 'nothing else is left there';
    $server->graceful;
    is $server->read('made/keys'), $line, 'a restart keeps them';
    $server->log->take(qr/SSO001/);
    $server->stop;
};

subtest 'the program of exec: runs at a start, once, and must give a good secret' => sub {
    my $server = SSO::Httpd->new;
    my $program = $server->write('get', "#!/bin/sh\necho run >> @{[$server->root]}/runs\necho q7Vw2mJx9Rk4Tz8Lb3Nc6Hd1Pf5Gs0Ya\n", 0700);
    $server->conf("SSOStateDir $root/state\n$good\nSSOClientSecret exec:$program\n"
        . "<SSOProvider b>\n$issuer\n$id\nSSOClientSecret exec:$program\n</SSOProvider>");
    $server->start;
    is $server->read('runs'), "run\n", 'once for two providers';
    $server->stop;
    for my $case (['exit 3', qr/ended with status 3/], ['echo changeme', qr/the secret is a placeholder/], ['true', qr/is empty/]) {
        $server->write('get', "#!/bin/sh\n$case->[0]\n", 0700);
        ok !$server->try_start, "$case->[0]: no start";
        like $server->why, $case->[1], "$case->[0]: says why";
    }
    $server->log->take(qr/./);
};

done_testing;
