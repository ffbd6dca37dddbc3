DROP TABLE campaign_types;
