# SPDX-License-Identifier: Apache-2.0
# The authorization table: what a rule means for nobody, for a program, for alice (in admins) and for bob (not in it).
# 302 or 401 without a user, 403 for a user the rule excludes, never 200 for one it excludes.
use lib 't/lib';
use SSO::Test;

my @rules = (
    # name                       Require lines                                                      nobody  program alice bob
    ['valid-user',               'Require valid-user',                                                302, 401, 200, 200],
    ['claim held',               'Require sso-claim groups admins',                                   302, 401, 200, 403],
    ['claim held, several',      'Require sso-claim groups nobodies admins',                          302, 401, 200, 403],
    ['nested claim',             'Require sso-claim realm_access.roles admin',                        302, 401, 200, 403],
    ['claim missing',            'Require sso-claim nothing x',                                       302, 401, 403, 403],
    ['user by name',             'Require user alice',                                                302, 401, 200, 403],
    ['all granted',              'Require all granted',                                               200, 200, 200, 200],
    ['all denied',               'Require all denied',                                                403, 403, 403, 403],
    ['not claim, all granted',   "<RequireAll>\nRequire all granted\nRequire not sso-claim groups admins\n</RequireAll>",
                                                                                                      200, 200, 403, 200],
    ['not claim, valid-user',    "<RequireAll>\nRequire valid-user\nRequire not sso-claim groups admins\n</RequireAll>",
                                                                                                      302, 401, 403, 200],
    ['expr list',                q{Require expr "'admins' in sso_claim('groups')"},                   302, 401, 200, 403],
    ['expr list, missing',       q{Require expr "'x' in sso_claim('nothing')"},                       302, 401, 403, 403],
    ['expr variable',            q{Require expr "%{SSO_CLAIM:email} == 'alice@example.com'"},         302, 401, 200, 403],
    ['expr false, not ours',     q{Require expr "%{REQUEST_METHOD} == 'BREW'"},                       403, 403, 403, 403],
    ['ip or user, ip fits',      "<RequireAny>\nRequire ip 127.0.0.1\nRequire valid-user\n</RequireAny>", 200, 200, 200, 200],
    ['ip or claim, no ip',       "<RequireAny>\nRequire ip 10.9.8.7\nRequire sso-claim groups admins\n</RequireAny>",
                                                                                                      302, 401, 200, 403],
    ['ip and user, no ip',       "<RequireAll>\nRequire ip 10.9.8.7\nRequire valid-user\n</RequireAll>", 403, 403, 403, 403],
    ['none of',                  "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire sso-claim groups admins\n"
                                     . "</RequireNone>\n</RequireAll>",                               302, 401, 403, 200],
);

my $n = 0;
my $snippet = join "\n", map { $n++; "<Location /rule$n/>\nAuthType sso-oidc\n$_->[1]\n</Location>" } @rules;
my $site = site(snippet => $snippet);
my $bob = $site->new_browser;
is login($site, '/protected/')->status, 200, 'alice signs in';
$site->op->control({user => {sub => 'bob', email => 'bob@example.com', groups => ['readers'], realm_access => {roles => []}}});
is login($site, '/protected/', browser => $bob)->status, 200, 'bob signs in';
allow_log $site, qr/AH0163\d|client denied by server configuration/;

$n = 0;
for my $rule (@rules) {
    my ($name, $lines, $nobody, $program, $alice, $bob_status) = @$rule;
    my $url = $site->url('/rule' . ++$n . '/');
    subtest $name => sub {
        my $first = $site->new_browser->get($url);
        is $first->status, $nobody, 'nobody';
        like $first->location, qr{/authorize\?}, '… is sent to the provider' if $nobody == 302;
        is $site->new_browser->fetch($url)->status, $program, 'a program without a session';
        my $page = $site->browser->get($url);
        is $page->status, $alice, 'alice';
        is sent_header($page, 'X-SSO-Sub'), 'alice', '… and the application knows her' if $alice == 200;
        is $bob->get($url)->status, $bob_status, 'bob';
        is $site->new_browser->get($url, headers => {Cookie => 'sso-' . $site->httpd->port . '=1AAAA'})->status, $nobody,
            'a made-up session is nobody';
    };
}
done_testing;
