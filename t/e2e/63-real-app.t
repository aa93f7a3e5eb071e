# SPDX-License-Identifier: Apache-2.0
# Radicale, the calendar server of Debian, takes the person from the header X-Remote-User and believes whoever sends it.
# Behind the module she is who signed in, with calendars of her own, and nobody else can be.
use lib 't/lib';
use SSO::Test;

use IO::Socket::IP;
use Time::HiRes qw(sleep);

my $folder = File::Temp->newdir('sso-radicale-XXXXXXXX', TMPDIR => 1);
my ($port, $reserved) = SSO::Proc::reserve_port();
my $radicale = SSO::Proc->start(stdout => "$folder/out", stderr => "$folder/log",
    command => ['/usr/bin/python3', '-m', 'radicale', '--config', '', '--server-hosts', "127.0.0.1:$port", '--auth-type',
        'http_x_remote_user', '--rights-type', 'owner_only', '--storage-filesystem-folder', "$folder/collections"]);
my $there;
for (1 .. 200) {
    last if ($there = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port)) || !$radicale->alive;
    sleep 0.1;
}
ok $there, 'Radicale runs' or diag do { local (@ARGV, $/) = "$folder/log"; <> };

my $site = site(server => <<"END" . "Include \${ROOT}/conf/provider.conf\n", start => 0);
SSODevelopment On
SSOStateDir "\${ROOT}/state"
ProxyPass / http://127.0.0.1:$port/
<Location />
    AuthType sso-oidc
    Require  valid-user
    SSORemoteUser  preferred_username
    SSOClaimPrefix none
    SSOClaimHeader REMOTE_USER X-Remote-User
</Location>
END
$site->httpd->write('conf/provider.conf', $site->client_conf);
$site->httpd->start;

my $who = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>';

# The answer of PROPFIND, asked as a script of the page does it.
sub principal {
    my ($browser, %headers) = @_;
    my $page = $browser->request('PROPFIND', $site->url('/'), body => $who, headers => {Depth => 0, 'Content-Type' => 'application/xml', %headers});
    return $page->status . ' ' . ($page->body =~ m{<current-user-principal>\s*<href>([^<]*)</href>} ? $1 : '-');
}

is principal($site->new_browser), '401 -', 'nobody is signed in: our answer';
is principal($site->new_browser, 'X-Remote-User' => 'alice'), '401 -', 'the header of a client is no identity';
is principal($site->new_browser, Authorization => 'Basic YWxpY2U6YWxpY2U='), '401 -', 'nor is a password';

my $page = login($site, '/.web/');
is $page->status, 200, 'alice signs in';
like $page->body, qr/Radicale/, '… and sees the application';
my $alice = $site->browser;
is principal($alice), '207 /alice/', 'to which she is alice';
is principal($alice, $_ => 'bob'), '207 /alice/', "whatever she writes into $_" for qw(X-Remote-User X_Remote_User x-remote-USER);

my $bob = $site->new_browser;
$site->op->control({user => {sub => 'bob', preferred_username => 'bob'}});
login($site, '/.web/', browser => $bob);
is principal($bob), '207 /bob/', 'bob is bob';

sub status_of { my ($browser, $method, $path, %more) = @_; return $browser->request($method, $site->url($path), %more)->status }
is status_of($alice, 'MKCALENDAR', '/alice/plans/'), 201, 'alice makes a calendar';
my $event = join "\r\n", qw(BEGIN:VCALENDAR VERSION:2.0 PRODID:test BEGIN:VEVENT UID:1 DTSTAMP:20260101T000000Z
    DTSTART:20260102T100000Z SUMMARY:Planning END:VEVENT END:VCALENDAR), '';
is status_of($alice, 'PUT', '/alice/plans/1.ics', body => $event, headers => {'Content-Type' => 'text/calendar'}), 201, '… writes into it';
like $alice->get($site->url('/alice/plans/1.ics'))->body, qr/SUMMARY:Planning/, '… and reads it';
is status_of($bob, 'GET', '/alice/plans/1.ics'), 403, 'bob may not, says Radicale';
is status_of($bob, 'GET', '/alice/plans/1.ics', headers => {'X-Remote-User' => 'alice'}), 403, 'not by calling himself alice';
is status_of($bob, 'MKCALENDAR', '/alice/spam/'), 403, 'nor write there';
is status_of($site->new_browser, 'GET', '/alice/plans/1.ics'), 302, 'and a stranger gets nothing of it';

$radicale->stop('KILL'); # its threads outlast a TERM by half a minute
done_testing;
