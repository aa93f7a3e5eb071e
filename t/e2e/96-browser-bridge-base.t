# SPDX-License-Identifier: Apache-2.0
# t/browser/bridge-base.mjs: below a base path, the token in the fragment, sessions of 125 seconds.
use lib 't/lib';
use SSO::Test;
use SSO::Chromium;
use SSO::Om;

my $om = SSO::Om->new(base => '/catalog', delivery => 'fragment', snippet => 'SSOSessionTimeout 125s 125s');
my $site = watch_site($om);
allow_log $site, qr/SSODevelopment/, qr/SSO126/, qr/SSO252: .*reason=bridge-redirect-uri/;
chromium_story('bridge-base', {$om->facts});
done_testing;
