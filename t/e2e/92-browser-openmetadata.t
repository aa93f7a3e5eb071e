# SPDX-License-Identifier: Apache-2.0
# The stand-in for OpenMetadata, three generations of its pages in Chromium: by itself, its own login.
use lib 't/lib';
use SSO::Test;
use SSO::Chromium;

my %server = ('1.9' => {ui => '1.9', era => 'E1'}, '1.11' => {ui => '1.11', era => 'E1'},
    newest => {ui => 'newest', era => 'E3'});
my %om = map { $_ => SSO::OP->_start('openmetadata', $server{$_}) } keys %server;
chromium_story('openmetadata', {om => {map { $_ => $om{$_}->origin } keys %om}});
$_->stop for values %om;
done_testing;
