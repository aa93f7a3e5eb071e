# SPDX-License-Identifier: Apache-2.0
# Several httpd that are one site: the same name, provider, key file and SSOCache, as machines behind a balancer.
#
#   my @machine = machines(3, snippet => 'SSOCache redis://…');      each an SSO::Site
package SSO::Machines;
use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(sleep time);

use SSO::Test ();

our @EXPORT = qw(machines parallel within);
my @kept;

# The arguments of site(). The browser of the first one holds the cookies: cookies know no port.
sub machines {
    my ($count, %args) = @_;
    my $key = File::Temp->new(TEMPLATE => 'sso-key-XXXXXXXX', TMPDIR => 1);
    open my $random, '<:raw', '/dev/urandom' or die;
    read $random, my $bytes, 32;
    print $key encode_base64($bytes);
    close $key;
    chmod 0600, "$key";
    push @kept, $key;
    my $snippet = ($args{snippet} // '') . "\nSSOKeyFile $key\n";
    my @machine = SSO::Test::site(%args, snippet => $snippet);
    push @machine, SSO::Test::site(%args, provider => $machine[0]->op,
        snippet => "$snippet\nServerName @{[$machine[0]->origin]}\n") for 2 .. $count;
    return @machine;
}

# The URLs at once, with this cookie: {status => count}.
sub parallel {
    my ($cookie, $folder, @urls) = @_;
    mkdir $folder;
    my $n = 0;
    open my $out, '-|', 'curl', '-s', '--stderr', '/dev/null', '--max-time', 30, '--parallel', '--parallel-max', scalar @urls,
        '--parallel-immediate', '-H', "Cookie: $cookie", '-w', '%{http_code}\n', map { ('-o', "$folder/" . ++$n, $_) } @urls
        or die "curl: $!";
    chomp(my @status = <$out>);
    my %count;
    $count{$_}++ for @status;
    return \%count;
}

# True as soon as the code says so, at the latest after this many seconds.
sub within {
    my ($seconds, $code) = @_;
    my $until = time + $seconds;
    while (1) {
        my $value = $code->();
        return $value if $value || time > $until;
        sleep 0.1;
    }
}

1;
