# SPDX-License-Identifier: Apache-2.0
# t/browser/login.mjs on the demo's site.
use lib 't/lib';
use SSO::Test;
use SSO::Chromium;
use SSO::Demo;

my $demo = SSO::Demo->new;
my $site = watch_site($demo);
allow_log $site, qr/SSODevelopment/, qr/AH01630: client denied .*\/admin\//; # bob
chromium_story('login', {url => $demo->url('/')});
done_testing;
