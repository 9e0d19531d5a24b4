module charthouse.example/fixtures

go 1.22
