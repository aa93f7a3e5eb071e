# SPDX-License-Identifier: Apache-2.0
# t/browser/bridge.mjs: OpenMetadata's pages of generation 1.11 behind the bridge, with the addresses that
# OpenMetadata's documentation has people register at OneLogin: /signin and /callback.
use lib 't/lib';
use SSO::Test;
use SSO::Chromium;
use SSO::Om;

my $om = SSO::Om->new(snippet => "SSORedirectURI /callback\nSSOLoginPath /signin");
my $site = watch_site($om);
allow_log $site, qr/SSODevelopment/, qr/SSO126/, qr/SSO252: .*reason=(?:bridge-redirect-uri|param-duplicate)/,
    qr/SSO250: .*reason=box-tampered/, qr/SSO401: .*reason=(?:jws-signature|bearer-exp|bearer-iss-unknown)/,
    qr/SSO254: .*reason=logout-not-asked/;
chromium_story('bridge', {$om->facts, generation => '1.11'});
done_testing;
