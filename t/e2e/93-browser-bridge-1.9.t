# SPDX-License-Identifier: Apache-2.0
# t/browser/bridge.mjs: OpenMetadata's pages of generation 1.9 behind the bridge.
use lib 't/lib';
use SSO::Test;
use SSO::Chromium;
use SSO::Om;

my $om = SSO::Om->new;
my $site = watch_site($om);
allow_log $site, qr/SSODevelopment/, qr/SSO126/, qr/SSO252: .*reason=(?:bridge-redirect-uri|param-duplicate)/,
    qr/SSO250: .*reason=box-tampered/, qr/SSO401: .*reason=(?:jws-signature|bearer-exp|bearer-iss-unknown)/,
    qr/SSO254: .*reason=logout-not-asked/;
chromium_story('bridge', {$om->facts, generation => '1.9'});
done_testing;
